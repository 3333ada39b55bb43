import { type App, Chart } from 'cdk8s';
import { Credential } from '../../constructs/credential.ts';
import { External } from '../../constructs/external.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import { assumed } from './assumed.ts';
import type { databases } from './databases.ts';
import { FIRST_TAG, TAGS } from './tags.ts';

const ports = assumed.ports.value;
const health = assumed.health.value;

/** The assistant: a page, and the program behind it. */
export function familyAssistant(app: App, { postgresql, redis, qdrant }: ReturnType<typeof databases>) {
  const name = 'family-assistant';
  const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');
  const images = new OwnImages(chart, 'images', { tags: TAGS });
  const secrets = new Credential(chart, 'secrets', { name: `${name}-secrets`, keys: { SECRET_KEY: { length: 64 } } });
  const host = `assistant.${assumed.domain.value}`;

  const backend = new Workload(chart, 'backend', {
    image: images.own('family-assistant-backend', FIRST_TAG),
    size: 'large',
    listens: { http: ports.backend },
    health: { live: 'tcp', ready: health.backend },
    env: { PORT: ports.backend, PUBLIC_URL: `https://${host}` },
    uses: [
      postgresql.database('family_assistant').url('DATABASE_URL'),
      redis.database(0).url('REDIS_URL'),
      qdrant,
      secrets,
    ],
    calls: [new External(chart, 'outside', { host: 'models and feeds' })],
    telemetry: true,
  });
  const frontend = new Workload(chart, 'frontend', {
    image: images.own('family-assistant-frontend', FIRST_TAG),
    size: 'small',
    run: { user: 101, writable: ['/var/cache/nginx'] },
    listens: { http: ports.frontend },
    health: { live: 'tcp', ready: health.frontend },
  });
  new Ingress(chart, 'ingress', {
    host,
    routes: { '/': frontend, '/api': backend },
    rateLimit: { average: 50, burst: 100 },
  });
}
