import type { Env } from '../../constructs/dependency.ts';
import { adapterOf } from './email.ts';
import type { NotificationsFacts } from './facts.ts';
import { consumes } from './kafka.ts';

/** Every variable of the service that is no secret; times are milliseconds unless named otherwise. */
export function configOf({ host, origins, database, kafka, email, redis, log }: NotificationsFacts): Env {
  return {
    PORT: 4000,
    // The image is a release of the prod environment in every cluster.
    MIX_ENV: 'prod',
    PHX_HOST: host,
    PHX_SERVER: true,
    // Releases write below their own folder otherwise, which is read-only.
    RELEASE_TMP: '/tmp',

    POOL_SIZE: database.poolSize,
    QUEUE_TARGET: 50,
    QUEUE_INTERVAL: 5000,

    KAFKA_HOSTS: `${kafka.host}:${kafka.port ?? 9092}`,
    KAFKA_SSL: kafka.confluent,
    ...(kafka.confluent && { KAFKA_SASL_MECHANISM: 'PLAIN' }),
    KAFKA_GROUP_ID: kafka.group,
    KAFKA_TOPICS: consumes.join(','),

    ...adapterOf(email).env,
    FROM_EMAIL: 'notifications@findlynow.com',
    FROM_NAME: 'Findly Now',

    CACHE_ADAPTER: redis ? 'redis' : 'cachex',
    USER_PREFERENCES_CACHE_TTL: 300_000,

    CIRCUIT_BREAKER_FAILURE_THRESHOLD: 5,
    CIRCUIT_BREAKER_TIMEOUT_MS: 60_000,
    CIRCUIT_BREAKER_RESET_TIMEOUT_MS: 300_000,

    EMAIL_POOL_MAX_CONCURRENCY: 10,
    EMAIL_POOL_TIMEOUT_MS: 30_000,
    SMS_POOL_MAX_CONCURRENCY: 5,
    SMS_POOL_TIMEOUT_MS: 15_000,
    WHATSAPP_POOL_MAX_CONCURRENCY: 5,
    WHATSAPP_POOL_TIMEOUT_MS: 15_000,

    OBAN_QUEUES: 'default:10,notifications:20,retries:5',
    // Seconds.
    OBAN_PRUNING_MAX_AGE: 3600,
    OBAN_RESCUE_ATTEMPTS: 3,

    TELEMETRY_ENABLED: true,
    PROMETHEUS_METRICS_ENABLED: true,
    LOG_LEVEL: log.level,
    LOGGER_JSON: log.json,

    CORS_ORIGINS: origins.join(','),
    CSRF_PROTECTION: true,
    SECURE_COOKIES: true,
  };
}

/** Keys of the service's Secret: 'given' by a provider, or made up. */
export function secretsOf({ kafka, email, redis }: NotificationsFacts) {
  const given = [
    'DATABASE_URL',
    ...(kafka.confluent ? ['KAFKA_USERNAME', 'KAFKA_PASSWORD'] : []),
    ...adapterOf(email).keys,
    'TWILIO_ACCOUNT_SID',
    'TWILIO_AUTH_TOKEN',
    'TWILIO_PHONE_NUMBER',
    'TWILIO_WHATSAPP_NUMBER',
    ...(redis ? ['REDIS_URL'] : []),
  ];
  return {
    SECRET_KEY_BASE: { length: 64 },
    LIVE_VIEW_SIGNING_SALT: { length: 32 },
    ...Object.fromEntries(given.map((key) => [key, 'given' as const])),
  };
}
