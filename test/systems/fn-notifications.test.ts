import { describe, expect, test } from '@jest/globals';
import dev from '../../charts/environments/findly-dev.ts';
import prod from '../../charts/environments/findly-prod.ts';
import type { NotificationsFacts } from '../../charts/fn-notifications/facts.ts';
import { fnNotifications } from '../../charts/fn-notifications/fn-notifications.ts';
import type { PodSpec } from '../../imports/k8s.ts';
import { type Plain, rendered } from './environment.ts';

// Each test pins one fault of the deployment guide that this system was built from, or one promise it makes.

const namespace = 'fn-notifications';
const facts: NotificationsFacts = {
  host: 'notifications.findlynow.com',
  origins: ['https://app.findlynow.com'],
  database: { host: 'db.example.test', maxConnections: 100, poolSize: 4 },
  kafka: { host: 'kafka.example.test', group: 'fn-notifications-test', confluent: true },
  email: { by: 'sendgrid' },
  log: { level: 'info', json: true },
  backups: 'fn-backups/notifications',
};
const withFacts = (changes: Partial<NotificationsFacts>) =>
  rendered({ ...prod, systems: [fnNotifications({ ...facts, ...changes })] });

const environments = { 'findly-prod': rendered(prod), 'findly-dev': rendered(dev) };
const live = environments['findly-prod'];
const ours = live.objects.filter(({ metadata }) => metadata.namespace === namespace);

const deployment = live.find('Deployment', namespace, namespace);
const pod: PodSpec = deployment.spec.template.spec;
const container = pod.containers[0]!;
const config: Record<string, string> = live.find('ConfigMap', namespace, namespace).data;
const sealed = live.declared.flatMap((relation) => relation.sealed ?? []);
const policy = live.find('NetworkPolicy', namespace, namespace).spec;
const podsOf = (objects: readonly { kind: string; spec: Plain }[]): PodSpec[] =>
  objects.flatMap(({ kind, spec }) => {
    if (kind === 'CronJob') return [spec.jobTemplate.spec.template.spec];
    return ['Deployment', 'Job'].includes(kind) ? [spec.template.spec] : [];
  });

test.each(Object.entries(environments))('%s renders without a refusal', (_, { problems }) => {
  expect(problems).toEqual([]);
});

describe('configuration', () => {
  const env =
    `PORT MIX_ENV PHX_HOST PHX_SERVER SECRET_KEY_BASE LIVE_VIEW_SIGNING_SALT DATABASE_URL POOL_SIZE QUEUE_TARGET
    QUEUE_INTERVAL KAFKA_HOSTS KAFKA_USERNAME KAFKA_PASSWORD KAFKA_SSL KAFKA_SASL_MECHANISM KAFKA_GROUP_ID KAFKA_TOPICS
    EMAIL_ADAPTER SENDGRID_API_KEY FROM_EMAIL FROM_NAME TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN TWILIO_PHONE_NUMBER
    TWILIO_WHATSAPP_NUMBER CACHE_ADAPTER REDIS_URL USER_PREFERENCES_CACHE_TTL CIRCUIT_BREAKER_FAILURE_THRESHOLD
    CIRCUIT_BREAKER_TIMEOUT_MS CIRCUIT_BREAKER_RESET_TIMEOUT_MS EMAIL_POOL_MAX_CONCURRENCY EMAIL_POOL_TIMEOUT_MS
    SMS_POOL_MAX_CONCURRENCY SMS_POOL_TIMEOUT_MS WHATSAPP_POOL_MAX_CONCURRENCY WHATSAPP_POOL_TIMEOUT_MS OBAN_QUEUES
    OBAN_PRUNING_MAX_AGE OBAN_RESCUE_ATTEMPTS TELEMETRY_ENABLED PROMETHEUS_METRICS_ENABLED LOG_LEVEL LOGGER_JSON
    CORS_ORIGINS CSRF_PROTECTION SECURE_COOKIES`.split(/\s+/);
  const given = (system = live) => {
    const { containers } = system.find('Deployment', namespace, namespace).spec.template.spec;
    const { data } = system.find('ConfigMap', namespace, namespace);
    return [...Object.keys(data), ...containers[0].env.map(({ name }: { name: string }) => name)];
  };

  test('every variable of the .env list reaches the service, and one more that releases need', () => {
    expect(given().sort()).toEqual([...env, 'RELEASE_TMP'].sort());
  });

  test('nothing secret stands in the ConfigMap', () => {
    expect(Object.keys(config).filter((key) => /KEY|SECRET|TOKEN|PASSWORD|_URL|SALT/.test(key))).toEqual([]);
  });

  test('no Secret with placeholder values is rendered; its keys are sealed', () => {
    expect(live.objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const { keys } = sealed.find(({ name }) => name === 'fn-notifications-secrets')!;
    expect(container.env!.map(({ name }) => name).sort()).toEqual([...keys].sort());
  });

  test('a changed value restarts the pods', () => {
    const checksum = (level: 'info' | 'warn') =>
      withFacts({ log: { level, json: true } }).find('Deployment', namespace, namespace).spec.template.metadata
        .annotations;
    expect(checksum('info')).not.toEqual(checksum('warn'));
  });

  test.each([
    ['sendgrid', { by: 'sendgrid' }, 'Sendgrid', ['SENDGRID_API_KEY'], 1],
    ['mailgun', { by: 'mailgun', domain: 'findlynow.com' }, 'Mailgun', ['MAILGUN_API_KEY'], 0],
    ['ses', { by: 'ses', region: 'us-east-1' }, 'AmazonSES', ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'], 0],
    ['local', { by: 'local' }, 'Local', [], 0],
  ] as const)('email by %s brings its adapter, its keys and its webhook', (_, email, adapter, keys, webhooks) => {
    const system = withFacts({ email });
    const { data } = system.find('ConfigMap', namespace, namespace);
    expect(data.EMAIL_ADAPTER).toBe(`Swoosh.Adapters.${adapter}`);
    expect(given(system).filter((name) => /SENDGRID|MAILGUN_API|AWS_.*KEY/.test(name))).toEqual(keys);
    const paths = system.objects
      .filter(({ kind }) => kind === 'Ingress')
      .flatMap(({ spec }) => spec.rules[0].http.paths);
    expect(paths.filter(({ path }) => path.startsWith('/api/webhooks'))).toHaveLength(webhooks);
  });

  test('dev runs the same release as prod, with its own facts', () => {
    const { data } = environments['findly-dev'].find('ConfigMap', namespace, namespace);
    expect(data).toMatchObject({
      MIX_ENV: 'prod',
      EMAIL_ADAPTER: 'Swoosh.Adapters.Local',
      KAFKA_SSL: 'false',
      CACHE_ADAPTER: 'cachex',
      LOG_LEVEL: 'debug',
      LOGGER_JSON: 'false',
      CORS_ORIGINS: 'http://localhost:3000',
    });
    expect(JSON.stringify(data).replace('http://localhost:3000', '')).not.toContain('localhost');
  });
});

describe('pods', () => {
  test('pass Pod Security restricted, which the namespace enforces; PodSecurityPolicy is gone', () => {
    const { labels } = live.objects.find(
      ({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace,
    )!.metadata;
    expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    for (const { securityContext, containers, initContainers = [] } of podsOf(ours)) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext: own } of [...containers, ...initContainers]) {
        expect(own).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        });
      }
    }
    expect(podsOf(ours)).toHaveLength(3);
    expect(live.objects.filter(({ kind }) => kind === 'PodSecurityPolicy')).toEqual([]);
  });

  test('are not restarted by an outage of Kafka or a provider', () => {
    expect(container.livenessProbe).toMatchObject({ tcpSocket: { port: 'http' } });
    expect(container.readinessProbe).toMatchObject({ httpGet: { path: '/api/health', port: 'http' } });
  });

  test('write to /tmp and the log folder only', () => {
    expect(container.volumeMounts!.map(({ mountPath }) => mountPath)).toEqual(['/tmp', '/app/logs']);
  });

  test('get no variables from Services, which would read as configuration', () => {
    expect(podsOf(ours).map(({ enableServiceLinks }) => enableServiceLinks)).toEqual([false, false, false]);
  });

  test('are pulled with a Secret that somebody makes, also for image automation', () => {
    expect(pod.imagePullSecrets).toEqual([{ name: 'gcr-json-key' }]);
    expect(sealed.filter(({ name }) => name === 'gcr-json-key')).toEqual([
      expect.objectContaining({ namespace, type: 'kubernetes.io/dockerconfigjson' }),
      expect.objectContaining({ namespace: 'flux-system' }),
    ]);
  });

  test('run an image from a registry that exists, whose tags Flux follows instead of kubectl set image', () => {
    expect(container.image).toMatch(/^us-central1-docker\.pkg\.dev\/.*:v1\.0\.0$/);
    expect(live.find('ImagePolicy', 'flux-system', namespace).spec.imageRepositoryRef).toEqual({ name: namespace });
    expect(live.find('ImageUpdateAutomation', 'flux-system', 'findly-prod').spec.update).toEqual({
      path: './clusters/findly-prod',
      strategy: 'Setters',
    });
  });
});

describe('scale', () => {
  test('3 to 15 pods, by the autoscaler alone', () => {
    const { spec } = live.find('HorizontalPodAutoscaler', namespace, namespace);
    expect(spec).toMatchObject({ minReplicas: 3, maxReplicas: 15 });
    expect(spec.metrics.map(({ resource }: Plain) => [resource.name, resource.target.averageUtilization])).toEqual([
      ['cpu', 70],
      ['memory', 80],
    ]);
    expect(spec.behavior).toEqual({
      scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Percent', value: 20, periodSeconds: 60 }] },
      scaleUp: { stabilizationWindowSeconds: 60, policies: [{ type: 'Percent', value: 100, periodSeconds: 30 }] },
    });
    expect(deployment.spec).not.toHaveProperty('replicas');
  });

  test("the guide's pool of 10 in 15 pods does not fit max_connections 100", () => {
    const { problems } = withFacts({ database: { host: 'db.example.test', maxConnections: 100, poolSize: 10 } });
    expect(problems).toEqual([
      expect.stringContaining('fn-notifications 16 x 11 + migration 1 x 1 + backup 1 x 1 = 178'),
    ]);
  });

  test('a second region is one fact', () => {
    const { find, problems } = withFacts({ scale: { min: 5 } });
    expect(problems).toEqual([]);
    expect(find('HorizontalPodAutoscaler', namespace, namespace).spec).toMatchObject({
      minReplicas: 5,
      maxReplicas: 15,
    });
  });
});

describe('ingress', () => {
  const ingresses = ours.filter(({ kind }) => kind === 'Ingress');
  const through = (path: string): string => {
    const { metadata } = ingresses.find(({ spec }) =>
      spec.rules[0].http.paths.some((rule: Plain) => rule.path === path),
    )!;
    return metadata.annotations['traefik.ingress.kubernetes.io/router.middlewares'];
  };
  const middleware = (name: string) => live.find('Middleware', namespace, `ingress-${name}`).spec;

  test('is served by Traefik, with a certificate', () => {
    for (const { metadata, spec } of ingresses) {
      expect(spec.ingressClassName).toBe('traefik');
      expect(spec.tls[0].hosts).toEqual(['notifications.findlynow.com']);
      expect(Object.keys(metadata.annotations).filter((key) => key.includes('nginx'))).toEqual([]);
    }
    expect(ingresses[0]!.metadata.annotations['cert-manager.io/cluster-issuer']).toBe('letsencrypt-prod');
    expect(live.objects.find(({ kind }) => kind === 'ClusterIssuer')!.metadata.name).toBe('letsencrypt-prod');
  });

  test('limits each client, by the address that Traefik really sees', () => {
    expect(middleware('rate-limit').rateLimit).toMatchObject({
      average: 200,
      period: '1m',
      sourceCriterion: { ipStrategy: { depth: 0 } },
    });
    const { values } = live.find('HelmRelease', 'traefik', 'traefik').spec;
    expect(values.service.spec).toEqual({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(through('/')).toContain('ingress-rate-limit@kubernetescrd');
  });

  test('takes bodies up to 10 MB', () => {
    expect(middleware('body-limit').buffering.maxRequestBodyBytes).toBe(10 * 1024 * 1024);
  });

  test('answers CORS to both apps and sends security headers', () => {
    expect(middleware('headers').headers).toMatchObject({
      accessControlAllowOriginList: ['https://app.findlynow.com', 'https://admin.findlynow.com'],
      contentTypeNosniff: true,
      frameDeny: true,
    });
  });

  test('waits 30 seconds for an answer to begin, and does not cut websockets', () => {
    const { metadata } = live.find('Service', namespace, namespace);
    const [transport] = metadata.annotations['traefik.ingress.kubernetes.io/service.serverstransport'].split('@');
    expect(live.find('ServersTransport', namespace, transport.replace(`${namespace}-`, '')).spec).toEqual({
      forwardingTimeouts: { responseHeaderTimeout: '30s' },
    });
    for (const path of ['/live', '/socket']) expect(through(path)).not.toContain('body-limit');
  });

  test("SendGrid's delivery reports come through unlimited", () => {
    expect(through('/api/webhooks/sendgrid')).not.toContain('rate-limit');
    expect(through('/api/webhooks/sendgrid')).toContain('body-limit');
  });
});

describe('network', () => {
  const ports = (rules: readonly Plain[]) => rules.flatMap(({ ports: open }) => open.map(({ port }: Plain) => port));

  test('namespaces are chosen by the label that every namespace has', () => {
    const labels = JSON.stringify(ours.filter(({ kind }) => kind === 'NetworkPolicy')).match(
      /namespaceSelector":\{[^}]*\}/g,
    )!;
    expect(labels.every((text) => text.includes('kubernetes.io/metadata.name'))).toBe(true);
  });

  test('Traefik reaches the API and Prometheus the metrics, each from its own namespace', () => {
    expect(
      policy.ingress.map(({ from, ports: open }: Plain) => [
        from[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name'],
        open[0].port,
      ]),
    ).toEqual([
      ['traefik', 4000],
      ['monitoring', 9568],
    ]);
  });

  test('the service reaches DNS over UDP and TCP, Supabase, Kafka, Redis and the providers outside of the cluster', () => {
    const [dns, outside] = policy.egress;
    expect(dns.ports).toEqual([
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ]);
    expect(ports([outside])).toEqual([443, 5432, 6379, 9092]);
    expect(outside.to).toEqual([
      { ipBlock: { cidr: '0.0.0.0/0', except: expect.arrayContaining([prod.network.pods, prod.network.services]) } },
    ]);
    expect(policy.egress).toHaveLength(2);
  });

  test('without Redis its port stays closed', () => {
    const { egress } = withFacts({}).find('NetworkPolicy', namespace, namespace).spec;
    expect(ports(egress)).not.toContain(6379);
  });
});

describe('monitoring', () => {
  const { groups } = live.find('PrometheusRule', namespace, 'alerts').spec;
  const rules: { alert: string; expr: string }[] = groups[0].rules;

  test('metrics are scraped where the library serves them', () => {
    const { endpoints } = live.find('ServiceMonitor', namespace, namespace).spec;
    expect(endpoints).toEqual([{ port: 'metrics', path: '/metrics', interval: '30s' }]);
    expect(container.ports).toContainEqual({ name: 'metrics', containerPort: 9568 });
  });

  test('the job that the alerts ask for is the one that is scraped', () => {
    const { jobLabel } = live.find('ServiceMonitor', namespace, namespace).spec;
    const { labels } = live.find('Service', namespace, namespace).metadata;
    expect(rules[0]!.expr).toContain(`job="${labels[jobLabel]}"`);
  });

  test("the guide's six alerts are there, and one for backups", () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      'NotificationsServiceDown',
      'HighNotificationFailureRate',
      'CircuitBreakerOpen',
      'HighDeliveryLatency',
      'BroadwayConsumerLag',
      'DatabaseConnectionPoolExhaustion',
      'DatabaseBackupOverdue',
    ]);
  });

  test('Prometheus takes rules and monitors that carry no label of its release', () => {
    const { prometheusSpec } = live.find('HelmRelease', 'monitoring', 'kube-prometheus-stack').spec.values.prometheus;
    expect(prometheusSpec).toMatchObject({
      ruleSelectorNilUsesHelmValues: false,
      serviceMonitorSelectorNilUsesHelmValues: false,
      podMonitorSelectorNilUsesHelmValues: false,
      probeSelectorNilUsesHelmValues: false,
    });
  });

  test.each(Object.entries(environments))(
    '%s tells somebody when Flux fails, releases included',
    (name, { find, objects }) => {
      const { spec } = find('Alert', 'flux-system', 'slack');
      expect(spec).toMatchObject({ eventSeverity: 'error', eventMetadata: { cluster: name } });
      const releases = objects.filter(({ kind }) => kind === 'HelmRelease').map(({ metadata }) => metadata.namespace);
      const watched = spec.eventSources.flatMap(({ kind, namespace: of }: Plain) =>
        kind === 'HelmRelease' ? [of] : [],
      );
      expect(watched.sort()).toEqual(releases.sort());
    },
  );
});

describe('data', () => {
  const backup = live.find('CronJob', namespace, 'backup').spec;

  test('is dumped every hour, which is what may be lost, to a bucket outside of the cluster, for seven days', () => {
    expect(backup.schedule).toBe('0 * * * *');
    expect(live.find('ConfigMap', namespace, 'backup').data).toMatchObject({
      TARGET: ':gcs:fn-backups/notifications',
      KEEP: '7d',
    });
    expect(live.find('ConfigMap', namespace, 'backup-dump').data).toMatchObject({
      TABLES: 'notifications user_preferences oban_jobs',
    });
    expect(sealed).toContainEqual(
      expect.objectContaining({ namespace, name: 'backup-writer', keys: ['service-account.json'] }),
    );
  });

  test('no script hides a failure behind a pipe', () => {
    const scripts = ours
      .filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-files'))
      .flatMap(({ data }) => Object.entries<string>(data).filter(([name]) => name.endsWith('.sh')));
    expect(scripts.map(([name]) => name).sort()).toEqual([
      'scripts_dump.sh',
      'scripts_migrate.sh',
      'scripts_upload.sh',
    ]);
    for (const [, script] of scripts) {
      expect(script).toMatch(
        script.includes(' | ') || script.startsWith('#!/bin/bash') ? /^set -euo pipefail$/m : /^set -eu$/m,
      );
    }
  });

  test('the schema is applied before the pods of a release, indexes without blocking writers', () => {
    expect(live.declared).toContainEqual(expect.objectContaining({ path: `${namespace}/migration`, layer: 'stores' }));
    expect(live.declared).toContainEqual(
      expect.objectContaining({
        path: `${namespace}/${namespace}/pod`,
        uses: expect.arrayContaining([`${namespace}/migration`]),
      }),
    );
    const sql = live.find('ConfigMap', namespace, 'migration-files').data['scripts_migrate.sql'];
    expect(sql.match(/^CREATE INDEX CONCURRENTLY IF NOT EXISTS \w+/gm)).toEqual([
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_notifications_metadata_gin',
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_notifications_retry_eligible',
    ]);
  });
});

describe('Kafka', () => {
  const script: string = live.find('ConfigMap', namespace, 'kafka-topics').data['kafka.sh'];

  test('seven topics with their partitions, 30 days but for claimed, sent and failed', () => {
    const day = 24 * 3600 * 1000;
    const topics = [...script.matchAll(/^topic (\S+) (\d+) (\d+)$/gm)];
    expect(
      topics.map(([, name, partitions, retention]) => [name, Number(partitions), Number(retention) / day]),
    ).toEqual([
      ['fn-posts.post.created', 6, 30],
      ['fn-posts.post.matched', 6, 30],
      ['fn-posts.post.claimed', 6, 7],
      ['fn-posts.post.resolved', 3, 30],
      ['fn-users.user.registered', 3, 30],
      ['fn-notifications.notification.sent', 3, 7],
      ['fn-notifications.delivery.failed', 3, 7],
    ]);
  });

  test('ACLs are prefixes, which "fn-posts.*" is not, and include users', () => {
    expect([...script.matchAll(/^allow (\w.*)$/gm)].map(([, acl]) => acl)).toEqual([
      'read topic fn-posts.',
      'read topic fn-users.',
      'write topic fn-notifications.',
      'read consumer-group fn-notifications-',
    ]);
    expect(script).toContain('--prefix');
    expect(config['KAFKA_GROUP_ID']).toMatch(/^fn-notifications-/);
  });

  test('the service subscribes to exactly what it may read', () => {
    expect(config['KAFKA_TOPICS']!.split(',').map((topic) => topic.split('.')[0])).toEqual([
      ...Array(4).fill('fn-posts'),
      'fn-users',
    ]);
  });
});
