import type { KafkaTopic } from '../../constructs/kafka-topics.ts';

/** Events of other domains that become notifications. */
export const consumes = [
  'fn-posts.post.created',
  'fn-posts.post.matched',
  'fn-posts.post.claimed',
  'fn-posts.post.resolved',
  'fn-users.user.registered',
];

/** Events of this domain. */
export const produces = ['fn-notifications.notification.sent', 'fn-notifications.delivery.failed'];

export const topics: readonly KafkaTopic[] = [
  { name: 'fn-posts.post.created', partitions: 6, retentionDays: 30 },
  { name: 'fn-posts.post.matched', partitions: 6, retentionDays: 30 },
  // Urgent: what is not sent within a week helps nobody any more.
  { name: 'fn-posts.post.claimed', partitions: 6, retentionDays: 7 },
  { name: 'fn-posts.post.resolved', partitions: 3, retentionDays: 30 },
  { name: 'fn-users.user.registered', partitions: 3, retentionDays: 30 },
  { name: 'fn-notifications.notification.sent', partitions: 3, retentionDays: 7 },
  { name: 'fn-notifications.delivery.failed', partitions: 3, retentionDays: 7 },
];
