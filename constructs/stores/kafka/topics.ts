import type { KafkaTopic } from '../../kafka-topics.ts';

export interface Topic extends KafkaTopic {
  /** Copies. @default 3, or the one that a single member can have */
  readonly replicas?: number;
}

/** Copies, and how many of them have to have a write before it is acknowledged: a majority, for any two of those share a member. */
export function replicationOf(members: number, replicas = Math.min(3, members)) {
  return { replicas, minInSync: Math.floor(replicas / 2) + 1 };
}

/** What is set on a topic, by Kafka's names. @see https://kafka.apache.org/documentation/#topicconfigs */
export function settingsOf({ retentionDays, replicas }: Topic, members: number) {
  return {
    'min.insync.replicas': replicationOf(members, replicas).minInSync,
    'retention.ms': Math.round(retentionDays * 24 * 3600 * 1000),
  };
}

export function topicProblems(topics: readonly Topic[], members: number): string[] {
  const least = Math.min(3, members);
  // Kafka's metrics write both as _, so it refuses the second of them.
  const alike = topics.map(({ name }) => name.replaceAll('.', '_'));
  return [
    ...(topics.length ? [] : ['topics: none, and clients cannot make any; name one']),
    ...topics.flatMap(({ name, partitions, retentionDays, replicas = least }, index) => [
      ...(/^(?!__|\.\.?$)[\w.-]{1,249}$/.test(name)
        ? []
        : [`topics: "${name}" is no topic's name; use up to 249 letters, digits, ., _ and -, and no __ in front`]),
      ...(alike.indexOf(alike[index]!) < index
        ? [`topics: ${name} is there twice, . and _ count as the same; remove or rename one`]
        : []),
      ...(Number.isInteger(partitions) && partitions > 0
        ? []
        : [`topics: ${name} has ${partitions} partitions, records need one or more; correct it`]),
      ...(retentionDays > 0
        ? []
        : [`topics: ${name} keeps records for ${retentionDays} days, they would be gone at once; correct it`]),
      ...(Number.isInteger(replicas) && replicas >= least && replicas <= members
        ? []
        : [
            `topics: ${name} has ${replicas} replicas, of ${members} members it needs ${least === members ? least : `${least} to ${members}`}: with fewer a lost member stops or loses it; leave it out`,
          ]),
    ]),
  ];
}
