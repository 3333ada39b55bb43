import { type App, Chart } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { Credential } from '../../constructs/credential.ts';
import { External } from '../../constructs/external.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import type { Environment, System } from '../../imports/environment.ts';
import { alertsOf } from './alerts.ts';
import { assumed } from './assumed.ts';
import { PRIVATE_KEY, secretsOf } from './config.ts';
import type { StageFacts, VinylVaultFacts } from './facts.ts';
import { storesOf } from './stores.ts';

const { ports, paths } = { ports: assumed.ports.value, paths: assumed.paths.value };

/** Made by the workflow `build`: branch, commit, and the second it was built in, which alone says what is newer. */
export const TAGS = { stamped: '^(develop|main)-[a-f0-9]{7}-(?P<stamp>[0-9]{10})$' };
const FIRST_TAG = 'develop-0000000-1735689600';

/**
 * Vinyl Vault: frontend, BFF and backend with a MongoDB each for the latter two, once per stage, all stages alike but for
 * their facts and closed to each other. docs/vinyl.md says what the manifests expect of the application.
 */
export const vinylVault =
  ({ stages }: VinylVaultFacts): System =>
  (app, environment) => {
    const names = Object.keys(stages).map((stage) => `vinylvault-${stage}`);
    Object.values(stages).forEach((facts, index) => {
      const chart = stage(app, names[index]!, facts);
      // GitHub's registry has one token, for every stage and for Flux, which looks for new tags.
      if (index === 0) registry(chart, environment, [...names, 'flux-system']);
    });
  };

function registry(chart: Chart, { registries }: Environment, namespaces: readonly string[]) {
  const { pullSecret } = registries.own;
  if (!pullSecret) return;
  const type = 'kubernetes.io/dockerconfigjson';
  new Credential(chart, 'registry', { name: pullSecret, type, namespaces, keys: { '.dockerconfigjson': 'given' } });
}

function stage(app: App, name: string, facts: StageFacts): Chart {
  const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
  const { host, images, scale = { min: 2, max: 4 } } = facts;
  new Namespace(chart, 'namespace', { quota: { 'requests.storage': '1T' } });

  const release = new OwnImages(chart, 'images', {
    tags: TAGS,
    prefix: name.replace('vinylvault-', ''),
    ...(images === 'promotion' && { keptBy: 'promotion' }),
  });
  const secrets = secretsOf(chart, facts);
  const { sessions, registry: tenants, imports } = storesOf(chart, facts);
  const github = new External(chart, 'github', { host: 'api.github.com' });
  const discogs = secrets.discogs.map(() => new External(chart, 'discogs-api', { host: 'api.discogs.com' }));
  const url = `https://${host}`;

  const backend = new Workload(chart, 'backend', {
    image: release.own('vinylvault-backend', FIRST_TAG),
    size: 'medium',
    scale,
    listens: { http: ports.backend },
    health: { live: 'tcp', ready: '/health' },
    env: {
      NODE_ENV: 'production',
      PORT: ports.backend,
      FRONTEND_URL: url,
      GITHUB_APP_PRIVATE_KEY_PATH: PRIVATE_KEY,
    },
    uses: [
      tenants.database('vinylvault_registry').uri('MONGODB_REGISTRY_URI'),
      tenants.database('vinylvault_tenants').base('MONGODB_URI_BASE'),
      secrets.app,
      secrets.app.file(PRIVATE_KEY, 'private-key.pem'),
      secrets.jwt,
      ...secrets.discogs,
      ...imports.backend,
    ],
    calls: [github, ...discogs],
  });
  const bff = new Workload(chart, 'bff', {
    image: release.own('vinylvault-bff', FIRST_TAG),
    size: 'medium',
    scale,
    listens: { http: ports.bff },
    health: { live: 'tcp', ready: '/health' },
    env: {
      NODE_ENV: 'production',
      PORT: ports.bff,
      BACKEND_URL: backend.url(),
      FRONTEND_URL: url,
      GITHUB_CALLBACK_URL: `${url}${paths.auth}/github/callback`,
    },
    uses: [
      sessions.database('vinylvault_bff').uri('MONGODB_URI'),
      secrets.oauth,
      secrets.jwt,
      secrets.session,
      ...imports.bff,
    ],
    calls: [backend, github],
  });
  const frontend = new Workload(chart, 'frontend', {
    image: release.own('vinylvault-frontend', FIRST_TAG),
    size: 'small',
    scale,
    // nginx without root, of the image nginxinc/nginx-unprivileged.
    run: { user: 101, writable: ['/var/cache/nginx'] },
    listens: { http: ports.frontend },
    health: { live: 'tcp', ready: '/' },
  });

  new Ingress(chart, 'ingress', {
    host,
    routes: {
      '/': frontend,
      [paths.api]: { to: bff, sticky: 'vinylvault_bff' },
      [paths.auth]: { to: bff, sticky: 'vinylvault_bff' },
      // Signed by GitHub, and in bursts from few addresses.
      [paths.webhook]: { to: backend, rateLimit: false },
    },
    rateLimit: { average: 50, burst: 100 },
    timeout: '60s',
  });
  new AlertRules(chart, 'alerts', { rules: alertsOf(name) });
  return chart;
}
