import { describe, expect, test } from '@jest/globals';
import lab from '../../charts/environments/lab.ts';
import { rendered } from './environment.ts';
import { firing, type Series, withPromtool } from './promtool.ts';

const { find } = rendered(lab);

interface Case {
  readonly why: string;
  /** Series that are other than while all is well; an empty one is gone. */
  readonly change: Series;
  readonly fires: readonly string[];
}

const certificate = (metric: string, labels = '') =>
  `certmanager_certificate_${metric}{namespace="cert-manager",exported_namespace="shop",name="shop-tls"${labels}}`;
const issuer = (metric: string) =>
  `certmanager_certificate_${metric}{namespace="cert-manager",exported_namespace="linkerd",name="linkerd-identity-issuer"}`;
const requests = (code: string) =>
  `loki_request_duration_seconds_count{namespace="loki",route="loki_api_v1_push",status_code="${code}"}`;
const exporter = (metric: string) => `${metric}{job="opentelemetry-collector",exporter="otlp_http/loki"}`;
const image = (namespace: string) =>
  `trivy_image_vulnerabilities{severity="Critical",namespace="${namespace}",image_repository="library/redis",image_tag="7"}`;
const backup = (metric: string) => `velero_backup_${metric}{schedule="daily"}`;
const deployed = 'kube_deployment_created{namespace="velero",deployment="velero"}';

/** By namespace: how it is while all is well, after how many minutes that is looked at, and what may go wrong. */
const parts: Readonly<Record<string, { healthy: Series; minutes: number; cases: readonly Case[] }>> = {
  'cert-manager': {
    minutes: 120,
    healthy: {
      [certificate('expiration_timestamp_seconds')]: `${60 * 86400}x130`,
      [certificate('renewal_timestamp_seconds')]: `${30 * 86400}x130`,
      // Lives for two days, and is renewed when it has 25 hours left.
      [issuer('expiration_timestamp_seconds')]: `${36 * 3600}x130`,
      [issuer('renewal_timestamp_seconds')]: `${11 * 3600}x130`,
      [certificate('ready_status', ',condition="True"')]: '1x130',
      [certificate('ready_status', ',condition="False"')]: '0x130',
    },
    cases: [
      {
        why: 'a certificate is over in ten days',
        change: {
          [certificate('expiration_timestamp_seconds')]: `${10 * 86400}x130`,
          [certificate('renewal_timestamp_seconds')]: `${-20 * 86400}x130`,
        },
        fires: ['CertificateNotRenewed'],
      },
      {
        why: 'one of two days is over in ten hours',
        change: {
          [issuer('expiration_timestamp_seconds')]: `${12 * 3600}x130`,
          [issuer('renewal_timestamp_seconds')]: `${-13 * 3600}x130`,
        },
        fires: ['CertificateNotRenewed'],
      },
      {
        why: 'a certificate was never issued',
        change: {
          [certificate('ready_status', ',condition="True"')]: '0x130',
          [certificate('expiration_timestamp_seconds')]: '0x130',
          [certificate('renewal_timestamp_seconds')]: '0x130',
        },
        fires: ['CertificateNotReady'],
      },
    ],
  },
  loki: {
    minutes: 60,
    healthy: {
      'up{namespace="loki",job="loki/loki",pod="loki-0"}': '1x70',
      [requests('204')]: '0+600x70',
      [requests('500')]: '0+6x70',
      'loki_discarded_samples_total{namespace="loki",reason="rate_limited"}': '0x70',
    },
    cases: [
      {
        why: 'its pod does not answer',
        change: { 'up{namespace="loki",job="loki/loki",pod="loki-0"}': '0x70' },
        fires: ['LokiDown'],
      },
      {
        why: 'its pod is gone',
        change: { 'up{namespace="loki",job="loki/loki",pod="loki-0"}': '' },
        fires: ['LokiDown'],
      },
      { why: 'one request in five fails', change: { [requests('500')]: '0+150x70' }, fires: ['LokiRequestsFail'] },
      {
        why: 'it takes fewer lines than are sent',
        change: { 'loki_discarded_samples_total{namespace="loki",reason="rate_limited"}': '0+600x70' },
        fires: ['LokiRefusesLogs'],
      },
    ],
  },
  tempo: {
    minutes: 60,
    healthy: {
      'up{namespace="tempo",job="tempo",pod="tempo-0"}': '1x70',
      'tempo_ingester_failed_flushes_total{namespace="tempo",pod="tempo-0"}': '0x70',
      'tempodb_blocklist_poll_errors_total{namespace="tempo",pod="tempo-0"}': '0x70',
    },
    cases: [
      {
        why: 'its pod is gone',
        change: { 'up{namespace="tempo",job="tempo",pod="tempo-0"}': '' },
        fires: ['TempoDown'],
      },
      {
        why: 'blocks cannot be written',
        change: { 'tempo_ingester_failed_flushes_total{namespace="tempo",pod="tempo-0"}': '0+1x70' },
        fires: ['TempoCannotStore'],
      },
      {
        why: 'blocks cannot be read',
        change: { 'tempodb_blocklist_poll_errors_total{namespace="tempo",pod="tempo-0"}': '0+1x70' },
        fires: ['TempoCannotStore'],
      },
    ],
  },
  alloy: {
    minutes: 60,
    healthy: {
      'up{namespace="alloy",job="alloy",pod="alloy-a"}': '1x70',
      'loki_write_dropped_entries_total{namespace="alloy",reason="ingester_error"}': '0x70',
    },
    cases: [
      {
        why: 'it is gone',
        change: { 'up{namespace="alloy",job="alloy",pod="alloy-a"}': '' },
        fires: ['LogsNotShipped'],
      },
      {
        why: 'it gives lines up',
        change: { 'loki_write_dropped_entries_total{namespace="alloy",reason="ingester_error"}': '0+5x70' },
        fires: ['LogsNotShipped'],
      },
    ],
  },
  'opentelemetry-collector': {
    minutes: 60,
    healthy: {
      'up{job="opentelemetry-collector",pod="a"}': '1x70',
      [exporter('otelcol_exporter_send_failed_log_records_total')]: '0x70',
      [exporter('otelcol_exporter_enqueue_failed_spans_total')]: '3x70',
      'otelcol_receiver_refused_metric_points_total{job="opentelemetry-collector",receiver="otlp"}': '0x70',
    },
    cases: [
      { why: 'it is gone', change: { 'up{job="opentelemetry-collector",pod="a"}': '' }, fires: ['CollectorDown'] },
      {
        why: 'logs are not delivered',
        change: { [exporter('otelcol_exporter_send_failed_log_records_total')]: '0+10x70' },
        fires: ['CollectorDrops'],
      },
      {
        why: 'spans find no room',
        change: { [exporter('otelcol_exporter_enqueue_failed_spans_total')]: '0+10x70' },
        fires: ['CollectorDrops'],
      },
      {
        why: 'memory is short',
        change: {
          'otelcol_receiver_refused_metric_points_total{job="opentelemetry-collector",receiver="otlp"}': '0+10x70',
        },
        fires: ['CollectorRefuses'],
      },
    ],
  },
  velero: {
    // Thirty hours.
    minutes: 1800,
    healthy: {
      [deployed]: '0x1810',
      // At two in the night of the first day, and of the second.
      [backup('last_successful_timestamp')]: '0x119 7200x1440 93600x251',
      [backup('partial_failure_total')]: '1x1810',
      [backup('failure_total')]: '0x1810',
    },
    cases: [
      {
        why: 'the last one is 28 hours old',
        change: { [backup('last_successful_timestamp')]: '0x119 7200x1690' },
        fires: ['ClusterBackupTooOld'],
      },
      {
        why: 'none ever succeeded',
        change: { [backup('last_successful_timestamp')]: '' },
        fires: ['ClusterBackupTooOld'],
      },
      {
        why: 'none ever succeeded, in a new cluster',
        change: { [backup('last_successful_timestamp')]: '', [deployed]: '36000x1810' },
        fires: [],
      },
      {
        why: 'the last one lacks something',
        change: { [backup('partial_failure_total')]: '1x1559 2x251' },
        fires: ['ClusterBackupIncomplete'],
      },
      {
        why: 'the last one failed',
        change: {
          [backup('failure_total')]: '0x1559 1x251',
          [backup('last_successful_timestamp')]: '0x119 7200x1690',
        },
        fires: ['ClusterBackupIncomplete', 'ClusterBackupTooOld'],
      },
    ],
  },
  'trivy-system': {
    minutes: 120,
    healthy: { [image('shop')]: '0x130' },
    cases: [
      {
        why: 'one image of two namespaces is vulnerable',
        change: { [image('shop')]: '2x130', [image('lab')]: '2x130' },
        fires: ['ImageVulnerable'],
      },
    ],
  },
};

describe.each(Object.entries(parts))('%s', (namespace, { healthy, minutes, cases }) => {
  const { spec } = find('PrometheusRule', namespace, 'alerts');
  const verdict = (change: Series, fires: readonly string[]) => {
    const series = Object.entries({ ...healthy, ...change }).filter(([, values]) => values);
    return firing(spec, Object.fromEntries(series), minutes, fires, minutes > 600 ? '5m' : '30s');
  };

  withPromtool('alerts', () => {
    test('all are silent while all is well', () => expect(verdict({}, [])).toContain('SUCCESS'));

    test.each(cases)('when $why: $fires', ({ change, fires }) => {
      expect(verdict(change, fires)).toContain('SUCCESS');
    });
  });
});

withPromtool('Loki', () => {
  test('says when nothing was deleted for a day', () => {
    const { spec } = find('PrometheusRule', 'loki', 'alerts');
    const { healthy } = parts['loki']!;
    const long = Object.entries(healthy).map(([name, values]) => [name, values.replace('x70', 'x1600')]);
    const last = 'loki_compactor_apply_retention_last_successful_run_timestamp_seconds{namespace="loki"}';
    const since = (values: string) => ({ ...Object.fromEntries(long), [last]: values });
    expect(firing(spec, since('60x1600'), 1560, ['LokiKeepsTooLong'], '5m')).toContain('SUCCESS');
    expect(firing(spec, since('60+60x1600'), 1560, [], '5m')).toContain('SUCCESS');
  });
});
