import type { AlertRule } from '../../alert-rules.ts';
import { replicationOf } from './topics.ts';

export interface WatchedKafka {
  readonly name: string;
  readonly namespace: string;
  readonly members: number;
  /** Selects the exporter's series. */
  readonly series: string;
  /** Of the members' pods, a regular expression, and of the server in them. */
  readonly pods: string;
  readonly container: string;
  /** A command line that runs one of Kafka's tools. */
  tool(command: string): string;
}

/** What the exporter tells; where several of them tell the same, it counts once. @see https://github.com/danielqsj/kafka_exporter */
export function kafkaAlerts({ name, namespace, members, series, pods, container, tool }: WatchedKafka): AlertRule[] {
  const partition = (metric: string) => `max by (topic, partition) (${metric}{${series}})`;
  const look = tool('kafka-topics.sh --describe --unavailable-partitions');
  const quorum = tool('kafka-metadata-quorum.sh describe --status');
  const majority = Math.floor(members / 2) + 1;
  const ready = `kube_pod_container_status_ready{namespace="${namespace}",pod=~"${pods}",container="${container}"}`;
  const { minInSync } = replicationOf(members);
  const replicated: AlertRule[] = [
    {
      alert: 'KafkaPartitionsUnderReplicated',
      expr: `count(${partition('kafka_topic_partition_under_replicated_partition')} == 1) > 0`,
      for: '10m',
      severity: 'warning',
      summary: `{{ $value }} partitions of ${name} lack a copy`,
      description: 'A member is away, or does not keep up',
      runbook: tool('kafka-topics.sh --describe --under-replicated-partitions'),
    },
    {
      alert: 'KafkaWritesRefused',
      expr: `min by (topic) (kafka_topic_partition_in_sync_replica{${series}}) < ${minInSync}`,
      for: '1m',
      severity: 'critical',
      summary: `{{ $labels.topic }} of ${name} takes no writes`,
      description: `{{ $value }} copies are in sync, ${minInSync} are needed; producers wait`,
      runbook: look,
    },
  ];
  return [
    {
      alert: 'KafkaControllerMissing',
      // The exporter does not know who leads; without a majority of running controllers nobody does.
      expr: `(sum(${ready}) or vector(0)) < ${majority}`,
      for: '1m',
      severity: 'critical',
      summary: `${name} has no active controller`,
      description: `{{ $value }} of ${members} members are ready; no partition gets a new leader, no topic is made`,
      runbook: quorum,
    },
    {
      alert: 'KafkaBrokerMissing',
      expr: `max(kafka_brokers{${series}}) < ${members}`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $value }} of ${members} brokers of ${name} take part`,
      description: 'Its exporter answers, the broker is shut out or does not run',
      runbook: quorum,
    },
    {
      alert: 'KafkaPartitionsOffline',
      expr: `count(${partition('kafka_topic_partition_replicas')} unless ${partition('kafka_topic_partition_leader')}) > 0`,
      for: '1m',
      severity: 'critical',
      summary: `{{ $value }} partitions of ${name} have no leader`,
      description: 'They are neither read nor written',
      runbook: look,
    },
    {
      alert: 'KafkaConsumerBehind',
      // More unread than was written in ten minutes: the oldest of it is older than that.
      expr: `max by (consumergroup, topic) (kafka_consumergroup_lag_sum{${series}}) > on (topic) group_left () sum by (topic) (max by (topic, partition) (increase(kafka_topic_partition_current_offset{${series}}[10m])))`,
      for: '10m',
      severity: 'warning',
      summary: '{{ $labels.consumergroup }} is more than ten minutes behind in {{ $labels.topic }}',
      description: '{{ $value }} records are unread; they are deleted when their retention is over',
      runbook: `${tool('kafka-consumer-groups.sh --describe --group {{ $labels.consumergroup }}')}; delete a group that nobody uses any more`,
    },
    ...(members > 1 ? replicated : []),
  ];
}
