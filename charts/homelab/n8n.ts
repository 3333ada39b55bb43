import { type App, Chart } from 'cdk8s';
import { Credential } from '../../constructs/credential.ts';
import { External } from '../../constructs/external.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import { images } from '../versions.ts';
import { assumed } from './assumed.ts';
import type { databases } from './databases.ts';

const PORT = 5678;

/**
 * n8n, alone: two of it would start every workflow twice. Everything it keeps is in its database, and what is secret there
 * is encrypted with a key that no backup has: the sealed file in git is its only copy outside of the cluster.
 * @see https://docs.n8n.io/hosting/configuration/environment-variables/
 */
export function n8n(app: App, { postgresql }: ReturnType<typeof databases>) {
  const name = 'n8n';
  const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');
  const key = new Credential(chart, 'encryption-key', {
    name: 'n8n-encryption-key',
    keys: { N8N_ENCRYPTION_KEY: { length: 48 } },
  });
  const database = postgresql.database('n8n');
  const host = `n8n.${assumed.domain.value}`;
  const url = `https://${host}/`;

  const server = new Workload(chart, name, {
    image: images.n8n,
    size: { cpu: '100m', memory: '512Mi', memoryLimit: '1Gi' },
    scale: { min: 1, max: 1 },
    update: 'Recreate',
    run: { writable: ['/home/node/.n8n', '/home/node/.cache'], stopSeconds: 60 },
    listens: { http: PORT },
    health: { live: '/healthz', ready: '/healthz/readiness', startSeconds: 300 },
    metrics: { port: 'http' },
    env: {
      N8N_PORT: PORT,
      N8N_HOST: host,
      N8N_PROTOCOL: 'https',
      N8N_PROXY_HOPS: 1,
      N8N_EDITOR_BASE_URL: url,
      WEBHOOK_URL: url,
      N8N_METRICS: true,
      N8N_DIAGNOSTICS_ENABLED: false,
      // Its folder is empty at every start: files go to the database, community nodes are fetched again.
      N8N_DEFAULT_BINARY_DATA_MODE: 'database',
      N8N_REINSTALL_MISSING_PACKAGES: true,
      DB_TYPE: 'postgresdb',
      DB_POSTGRESDB_HOST: database.host,
      DB_POSTGRESDB_PORT: database.port,
      DB_POSTGRESDB_DATABASE: database.name,
      DB_POSTGRESDB_USER: database.name,
      DB_POSTGRESDB_PASSWORD: database.password,
    },
    uses: [{ endpoints: database.endpoints, construct: database.construct }, key],
    calls: [new External(chart, 'outside', { host: 'what workflows call', ports: [80, 443] })],
  });
  new Ingress(chart, 'ingress', {
    host,
    // Webhooks of one service come from few addresses.
    routes: { '/': server, '/webhook': { to: server, rateLimit: false } },
    rateLimit: { average: 50, burst: 100 },
  });
}
