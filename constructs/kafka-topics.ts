import { Construct } from 'constructs';
import { KubeConfigMap } from '../imports/k8s.ts';
import { refuse } from '../imports/relations.ts';
import { labelsOf, namespaceOf } from './labels.ts';

export interface KafkaTopic {
  readonly name: string;
  /** Can grow later, never shrink; growing moves keys to other partitions. */
  readonly partitions: number;
  readonly retentionDays: number;
}

export interface KafkaTopicsProps {
  /** @default - the construct's id */
  readonly name?: string;
  readonly topics: readonly KafkaTopic[];
  /** Topics that the service reads. */
  readonly consumes: readonly string[];
  /** Topics that the service writes. */
  readonly produces: readonly string[];
  /** The service's consumer group. */
  readonly group: string;
}

/**
 * A ConfigMap with `kafka.sh`, which a person (or CI) runs with the Confluent CLI to bring topics and ACLs of a Confluent
 * Cloud cluster to what is declared here; nothing in the cluster holds the rights for that. Safe to run again: existing
 * topics keep their partitions and get the declared retention. What the service may do follows from what it consumes and
 * produces, by the prefix up to a name's first dot: read `fn-posts.`, write `fn-notifications.`, join groups `fn-notifications-`.
 * Refuses a topic that is consumed or produced but not declared, one declared for nobody, and a group that does not
 * start with the domain the service writes to.
 * @see https://docs.confluent.io/confluent-cli/current/command-reference/kafka/
 */
export class KafkaTopics extends Construct {
  constructor(scope: Construct, id: string, props: KafkaTopicsProps) {
    super(scope, id);
    const { name = id } = props;

    refuse(this, problems(props));

    new KubeConfigMap(this, 'script', {
      metadata: { name, namespace: namespaceOf(this), labels: labelsOf(this, name) },
      data: { 'kafka.sh': script(props) },
    });
  }
}

/** `fn-posts.` of `fn-posts.post.created`. */
const domainOf = (topic: string) => topic.slice(0, topic.indexOf('.') + 1);

const groupPrefix = ({ produces }: KafkaTopicsProps) => domainOf(produces[0] ?? '').replace('.', '-');

function script(props: KafkaTopicsProps): string {
  const { topics, consumes, produces } = props;
  const day = 86_400_000;
  const allow = (operation: string, resource: string) => `allow ${operation} ${resource}`;
  return `${[
    '#!/bin/bash',
    '# Usage: CLUSTER_ID=lkc-... SERVICE_ACCOUNT=sa-... bash kafka.sh, after confluent login',
    'set -euo pipefail',
    ': "${CLUSTER_ID:?the Kafka cluster, lkc-...}" "${SERVICE_ACCOUNT:?the account of the service, sa-...}"',
    '',
    'topic() { # name partitions retention.ms',
    '  confluent kafka topic create "$1" --if-not-exists --partitions "$2" --config "retention.ms=$3" --cluster "$CLUSTER_ID"',
    '  confluent kafka topic update "$1" --config "retention.ms=$3" --cluster "$CLUSTER_ID"',
    '}',
    'allow() { # operation resource prefix',
    '  confluent kafka acl create --allow --service-account "$SERVICE_ACCOUNT" --operations "$1" "--$2" "$3" --prefix --cluster "$CLUSTER_ID"',
    '}',
    '',
    ...topics.map(({ name, partitions, retentionDays }) => `topic ${name} ${partitions} ${retentionDays * day}`),
    '',
    ...new Set([
      ...consumes.map((topic) => allow('read', `topic ${domainOf(topic)}`)),
      ...produces.map((topic) => allow('write', `topic ${domainOf(topic)}`)),
      allow('read', `consumer-group ${groupPrefix(props)}`),
    ]),
  ].join('\n')}\n`;
}

function problems(props: KafkaTopicsProps): string[] {
  const { topics, consumes, produces, group } = props;
  const used = [...consumes, ...produces];
  return [
    ...used
      .filter((topic) => !topics.some(({ name }) => name === topic))
      .map((topic) => `topics: ${topic} is used but not declared, its first message would fail; declare it`),
    ...topics
      .filter(({ name }) => !used.includes(name))
      .map(({ name }) => `topics: ${name} is neither consumed nor produced; remove it, or say who uses it`),
    ...topics
      .filter(({ name }) => !/^[a-z0-9-]+(\.[a-z0-9_-]+)+$/.test(name))
      .map(
        ({ name }) =>
          `topics: ${name} has no domain before a dot, its ACL would have no prefix; call it <domain>.<event>`,
      ),
    ...(group.startsWith(groupPrefix(props))
      ? []
      : [`group: ${group} is outside of ${groupPrefix(props)}, which the ACL allows; start its name with that`]),
  ];
}
