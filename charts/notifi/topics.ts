/** Topics of Kafka. The plan has test-events, for a week; the others are assumed. */
export const topics = [
  { name: 'test-events', partitions: 3, retentionDays: 7 },
  { name: 'chain-events', partitions: 6, retentionDays: 7 },
  { name: 'deliveries', partitions: 6, retentionDays: 14 },
  { name: 'audit-entries', partitions: 3, retentionDays: 90 },
] as const;
