// Metrics by who exposes them, of those that dashboards and alerts of the platform ask for: names as the exporters'
// sources and documents have them at the versions in charts/versions.ts.

const names = (prefix: string, list: string) => list.split(/\s+/).map((name) => `${prefix}${name}`);

export const metrics: ReadonlySet<string> = new Set([
  'up',
  'ALERTS',
  // https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics
  ...names(
    'kube_',
    `node_status_condition node_status_allocatable pod_info pod_status_phase pod_status_ready
    pod_container_resource_requests pod_container_resource_limits pod_container_status_restarts_total
    deployment_spec_replicas deployment_status_replicas_available deployment_created`,
  ),
  // https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md, and the kubelet's own
  ...names(
    'container_',
    `cpu_usage_seconds_total cpu_cfs_periods_total cpu_cfs_throttled_periods_total memory_working_set_bytes
    network_receive_bytes_total network_transmit_bytes_total`,
  ),
  'kubelet_volume_stats_available_bytes',
  'kubelet_volume_stats_capacity_bytes',
  // https://github.com/prometheus/node_exporter
  ...names(
    'node_',
    `cpu_seconds_total load5 memory_MemAvailable_bytes memory_MemTotal_bytes filesystem_avail_bytes
    filesystem_size_bytes disk_io_time_seconds_total disk_written_bytes_total network_receive_bytes_total
    network_transmit_bytes_total thermal_zone_temp pressure_cpu_waiting_seconds_total
    pressure_memory_waiting_seconds_total pressure_io_waiting_seconds_total`,
  ),
  // https://doc.traefik.io/traefik/observe/metrics/
  ...names(
    'traefik_',
    `entrypoint_requests_total entrypoint_request_duration_seconds_bucket service_requests_total
    service_request_duration_seconds_bucket`,
  ),
  // https://cert-manager.io/docs/devops-tips/prometheus-metrics/
  ...names('certmanager_certificate_', 'expiration_timestamp_seconds renewal_timestamp_seconds ready_status'),
  // https://github.com/prometheus-community/postgres_exporter/tree/master/collector
  ...names(
    'pg_',
    `up replication_is_replica replication_lag_seconds database_size_bytes stat_activity_count
    stat_activity_max_tx_duration settings_max_connections stat_database_xact_commit stat_database_xact_rollback
    stat_database_blks_hit stat_database_blks_read stat_database_tup_inserted stat_database_tup_updated
    stat_database_tup_deleted stat_database_deadlocks`,
  ),
  // https://github.com/oliver006/redis_exporter/blob/master/exporter/exporter.go
  ...names(
    'redis_',
    `up instance_info connected_slaves connected_slave_lag_seconds memory_used_bytes memory_max_bytes
    commands_processed_total keyspace_hits_total keyspace_misses_total connected_clients db_keys evicted_keys_total`,
  ),
  // https://github.com/rabbitmq/rabbitmq-server/blob/main/deps/rabbitmq_prometheus/metrics.md
  ...names(
    'rabbitmq_',
    `identity_info queue_messages_ready queue_messages_unacked connections queues consumers
    global_messages_received_total global_messages_delivered_total global_messages_redelivered_total
    global_messages_dead_lettered_confirmed_total global_messages_unroutable_dropped_total
    process_resident_memory_bytes resident_memory_limit_bytes disk_space_available_bytes
    unreachable_cluster_peers_count`,
  ),
  // https://github.com/danielqsj/kafka_exporter/blob/master/kafka_exporter.go
  ...names(
    'kafka_',
    `brokers topic_partitions topic_partition_current_offset topic_partition_oldest_offset
    topic_partition_leader_is_preferred topic_partition_under_replicated_partition topic_partition_in_sync_replica
    consumergroup_current_offset consumergroup_lag_sum consumergroup_members`,
  ),
  // https://github.com/percona/mongodb_exporter/blob/main/exporter/v1_compatibility.go
  ...names(
    'mongodb_',
    `up mongod_replset_my_state mongod_replset_member_replication_lag ss_opcounters ss_connections ss_mem_resident
    ss_wt_cache_bytes_currently_in_the_cache ss_wt_cache_maximum_bytes_configured ss_metrics_document
    ss_metrics_queryExecutor_scannedObjects`,
  ),
  // https://github.com/open-telemetry/opentelemetry-helm-charts/blob/main/charts/opentelemetry-collector/templates/prometheusrule.yaml
  ...[
    'receiver_accepted',
    'receiver_refused',
    'exporter_sent',
    'exporter_send_failed',
    'exporter_enqueue_failed',
  ].flatMap((counter) =>
    ['spans', 'metric_points', 'log_records'].map((signal) => `otelcol_${counter}_${signal}_total`),
  ),
  'otelcol_exporter_queue_size',
  'otelcol_exporter_queue_capacity',
  // https://github.com/grafana/loki/tree/main/production/loki-mixin
  ...names(
    'loki_',
    `distributor_bytes_received_total discarded_samples_total ingester_memory_streams request_duration_seconds_bucket
    request_duration_seconds_count compactor_apply_retention_last_successful_run_timestamp_seconds
    write_dropped_entries_total`,
  ),
  // https://github.com/grafana/tempo/tree/main/operations/tempo-mixin
  'tempo_ingester_failed_flushes_total',
  'tempodb_blocklist_poll_errors_total',
  // https://github.com/vmware-tanzu/velero/blob/main/pkg/metrics/metrics.go
  ...names('velero_backup_', 'last_successful_timestamp partial_failure_total failure_total'),
  // https://aquasecurity.github.io/trivy-operator/latest/tutorials/integrations/metrics/
  'trivy_image_vulnerabilities',
]);

const KEYWORDS = /^(by|without|on|ignoring|and|or|unless|bool|offset|inf|nan)$/i;

/** The metrics that an expression asks for. */
export const metricsIn = (expression: string): string[] => [
  ...new Set(
    expression
      .replaceAll(/"(\\.|[^"\\])*"/g, '')
      .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
      .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
      .match(/\b[a-zA-Z_:][\w:]*\b(?!\s*\()/g)
      ?.filter((name) => !KEYWORDS.test(name)),
  ),
];
