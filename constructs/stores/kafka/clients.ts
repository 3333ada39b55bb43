import type { Construct } from 'constructs';
import { refuse } from '../../../imports/relations.ts';
import type { Dependency, Env } from '../../dependency.ts';
import type { Topic } from './topics.ts';

/** What a program does with topics. */
export interface TopicUse {
  /** @default - nothing */
  readonly consumes?: readonly string[];
  /** @default - nothing */
  readonly produces?: readonly string[];
}

/** The same for every form of Kafka: an environment may change the form without its clients noticing. */
export interface KafkaClients {
  /** What everyone needs, and all that a program needs which takes no part: `KAFKA_BOOTSTRAP_SERVERS`, every member. */
  readonly env: Env;
  /**
   * The settings of one program: where Kafka is and how to log in, `KAFKA_TOPICS` and `KAFKA_GROUP_ID` if it consumes,
   * `KAFKA_PRODUCER_TOPICS` if it produces; topics are separated by commas. `name` is its consumer group, and its user
   * where there are users. Refuses topics that are not declared, and to do nothing.
   */
  client(name: string, use: TopicUse): Dependency;
}

/** The variables about topics. */
export function usedBy(
  store: Construct,
  topics: readonly Topic[],
  name: string,
  { consumes = [], produces = [] }: TopicUse,
): Env {
  const known = topics.map((topic) => topic.name);
  refuse(store, [
    ...[...new Set([...consumes, ...produces])]
      .filter((topic) => !known.includes(topic))
      .map(
        (topic) =>
          `client: ${name} uses topic ${topic}, which nobody makes; add it to topics, or use ${known.join(', ')}`,
      ),
    ...(consumes.length || produces.length
      ? []
      : [`client: ${name} neither consumes nor produces; name a topic, or let it use the store itself`]),
    ...(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name)
      ? []
      : [`client: "${name}" is no name of a group and user; use up to 63 of a-z, 0-9, - and . inside`]),
  ]);
  return {
    ...(consumes.length && { KAFKA_TOPICS: consumes.join(','), KAFKA_GROUP_ID: name }),
    ...(produces.length && { KAFKA_PRODUCER_TOPICS: produces.join(',') }),
  };
}
