import { Chart } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { BackupJob } from '../../constructs/backup-job.ts';
import { ConnectionBudget } from '../../constructs/connection-budget.ts';
import { Credential } from '../../constructs/credential.ts';
import { External } from '../../constructs/external.ts';
import { GcsFolder } from '../../constructs/gcs-folder.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { KafkaTopics } from '../../constructs/kafka-topics.ts';
import { MigrationJob } from '../../constructs/migration-job.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import type { System } from '../../imports/environment.ts';
import { images } from '../versions.ts';
import { alertsOf } from './alerts.ts';
import { configOf, secretsOf } from './config.ts';
import { adapterOf } from './email.ts';
import type { NotificationsFacts } from './facts.ts';
import { consumes, produces, topics } from './kafka.ts';

/**
 * The Notifications domain service of Findly Now: events from Kafka become mail, SMS and WhatsApp messages.
 *
 * What it expects of the release: the schema at priv/schema.sql, metrics on port 9568 (with delivery_time as a
 * distribution), and a pool, Oban's included, that opens no more than POOL_SIZE connections and one to listen on.
 */
export const fnNotifications =
  (facts: NotificationsFacts): System =>
  (app, { registries }) => {
    const name = 'fn-notifications';
    const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
    const { database, kafka, redis, scale = {} } = facts;
    const { min = 3, max = 15 } = scale;
    const email = adapterOf(facts.email);

    new Namespace(chart, 'namespace');
    const { pullSecret } = registries.own;
    if (pullSecret) {
      new Credential(chart, 'registry', {
        name: pullSecret,
        type: 'kubernetes.io/dockerconfigjson',
        namespaces: [name, 'flux-system'],
        keys: { '.dockerconfigjson': 'given' },
      });
    }
    const secrets = new Credential(chart, 'secrets', { name: `${name}-secrets`, keys: secretsOf(facts) });
    const release = new OwnImages(chart, 'images').own(name, 'v1.0.0');

    const postgres = new External(chart, 'postgres', { host: database.host, ports: [database.port ?? 5432] });
    const broker = new External(chart, 'kafka', { host: kafka.host, ports: [kafka.port ?? 9092] });
    const twilio = new External(chart, 'twilio', { host: 'api.twilio.com' });
    const mail = email.host ? [new External(chart, 'email', { host: email.host })] : [];
    const cache = redis ? [new External(chart, 'redis', { host: redis.host, ports: [redis.port] })] : [];

    const migration = new MigrationJob(chart, 'migration', {
      database: [secrets.only('DATABASE_URL'), postgres],
      release,
      schema: '/app/lib/fn_notifications-*/priv/schema.sql',
      indexes: [
        { name: 'idx_notifications_metadata_gin', on: 'notifications USING gin (metadata)' },
        {
          name: 'idx_notifications_retry_eligible',
          on: "notifications (failed_at, retry_count) WHERE status = 'failed' AND retry_count < max_retries",
        },
      ],
      client: images.postgres15,
    });

    const service = new Workload(chart, name, {
      image: release,
      size: { cpu: '200m', memory: '512Mi', memoryLimit: '1Gi', cpuLimit: '1' },
      run: { writable: ['/app/logs'] },
      env: configOf(facts),
      uses: [secrets, postgres, broker, ...cache, migration],
      calls: [twilio, ...mail],
      // TelemetryMetricsPrometheus has a server of its own.
      listens: { http: 4000, metrics: 9568 },
      // /api/health asks Kafka and the providers too: fine for readiness, but a restart mends none of them.
      health: { live: 'tcp', ready: '/api/health', startSeconds: 60 },
      scale: {
        min,
        max,
        cpu: 70,
        memory: 80,
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 300,
            policies: [{ type: 'Percent', value: 20, periodSeconds: 60 }],
          },
          scaleUp: { stabilizationWindowSeconds: 60, policies: [{ type: 'Percent', value: 100, periodSeconds: 30 }] },
        },
      },
    });

    new Ingress(chart, 'ingress', {
      host: facts.host,
      routes: {
        '/': service,
        // Delivery reports come in bursts from few addresses.
        ...(email.webhook && { [email.webhook]: { to: service, rateLimit: false } }),
      },
      rateLimit: { average: 200, period: '1m', burst: 200 },
      bodyLimit: '10Mi',
      timeout: '30s',
      streams: ['/live', '/socket'],
      cors: { origins: facts.origins },
    });

    const backup = new BackupJob(chart, 'backup', {
      database: [secrets.only('DATABASE_URL'), postgres],
      target: new GcsFolder(chart, 'backups', {
        path: facts.backups,
        credential: new Credential(chart, 'backup-writer', { keys: { 'service-account.json': 'given' } }),
      }),
      tables: ['notifications', 'user_preferences', 'oban_jobs'],
      schedule: '0 * * * *',
      rpoMinutes: 60,
      client: images.postgres15,
      uploader: images.rclone,
    });

    new ConnectionBudget(chart, 'connections', {
      maxConnections: database.maxConnections,
      reserved: database.reserved,
      clients: [
        // A rollout surges by one pod; Oban listens on a connection outside of the pool.
        { name, pods: max + 1, each: database.poolSize + 1 },
        { name: 'migration' },
        { name: 'backup' },
      ],
    });

    new AlertRules(chart, 'alerts', { rules: [...alertsOf(service.job), backup.overdue] });

    if (kafka.confluent) new KafkaTopics(chart, 'kafka-topics', { topics, consumes, produces, group: kafka.group });
  };
