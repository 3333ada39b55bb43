import { describe, expect, test } from '@jest/globals';
import dev from '../../charts/environments/neotool-dev.ts';
import local from '../../charts/environments/neotool-local.ts';
import prod from '../../charts/environments/neotool-prod.ts';
import staging from '../../charts/environments/neotool-staging.ts';
import type { NeotoolFacts } from '../../charts/neotool/facts.ts';
import { serviceNames } from '../../charts/neotool/facts.ts';
import { neotool } from '../../charts/neotool/neotool.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Workload } from '../../constructs/workload.ts';
import type { Environment } from '../../imports/environment.ts';
import type { PodSpec } from '../../imports/k8s.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Plain, rendered } from './environment.ts';

// Each test pins one fault of the implementation plan that this system was built from, or one promise it makes.

const environments = {
  'neotool-local': rendered(local),
  'neotool-dev': rendered(dev),
  'neotool-staging': rendered(staging),
  'neotool-prod': rendered(prod),
};
const live = environments['neotool-prod'];
const desk = environments['neotool-local'];
const every = Object.entries(environments);
const areas = ['app', 'web', 'data', 'messaging', 'storage', 'security', 'workflows', 'observability'];

const facts: NeotoolFacts = {
  host: 'neotool.example.com',
  postgres: { members: 3, storage: '100Gi', storageClass: 'ebs-gp3' },
  kafka: { members: 3, storage: '20Gi', storageClass: 'ebs-gp3' },
  vault: { mode: 'raft', storage: '5Gi' },
  objects: { by: 'r2', account: '0123456789abcdef0123456789abcdef' },
};
const platform = prod.systems.slice(1);
const withFacts = (changes: Partial<NeotoolFacts>, of: Environment = prod): Environment => ({
  ...of,
  systems: [neotool({ ...facts, ...changes }), ...platform],
});

const ofKind = (kind: string, { objects } = live): readonly Plain[] => objects.filter((object) => object.kind === kind);
const ours = ({ objects } = live) => objects.filter(({ metadata }) => metadata.namespace?.startsWith('neotool-'));
const podsOf = (objects: readonly Plain[]): PodSpec[] =>
  objects.flatMap(({ kind, spec }) => {
    if (kind === 'CronJob') return [spec.jobTemplate.spec.template.spec];
    return ['Deployment', 'StatefulSet', 'Job'].includes(kind) ? [spec.template.spec] : [];
  });
const podOf = (name: string, system = live): PodSpec =>
  system.find('Deployment', 'neotool-app', name).spec.template.spec;
const containersOf = ({ initContainers = [], containers }: PodSpec) => [...initContainers, ...containers];
const variablesOf = (name: string, system = live): Record<string, unknown> => ({
  ...system.find('ConfigMap', 'neotool-app', name).data,
  ...Object.fromEntries((podOf(name, system).containers[0]!.env ?? []).map((entry) => [entry.name, entry.valueFrom])),
});

describe.each(Object.entries({ local, dev, staging, prod }))('neotool-%s', (_, environment) => {
  test('renders without a refusal, and no rule finds an error', () => {
    const { findings } = synthesize(environment, new Map());
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('has the eight namespaces, which enforce Pod Security restricted, close the network and bound what runs', () => {
    const { find, objects } = rendered(environment);
    const spaces = objects.filter(({ kind, metadata }) => kind === 'Namespace' && metadata.name.startsWith('neotool-'));
    expect(spaces.map(({ metadata }) => metadata.name).sort()).toEqual(areas.map((area) => `neotool-${area}`).sort());
    for (const { metadata } of spaces) {
      expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
      expect(find('NetworkPolicy', metadata.name, 'default-deny').spec).toMatchObject({ podSelector: {} });
      expect(Object.keys(find('ResourceQuota', metadata.name, 'quota').spec.hard)).toContain('limits.memory');
    }
  });
});

describe('Vault', () => {
  const memberOf = (system = live): PodSpec =>
    system.find('StatefulSet', 'neotool-security', 'vault').spec.template.spec;

  test('keys are made where openssl is: the image of Vault has none', () => {
    const pod = live.find('Job', 'neotool-security', 'vault-jwt-init').spec.template.spec;
    const scripts = live.find('ConfigMap', 'neotool-security', 'vault-jwt-init-files').data;
    for (const { image, command } of containersOf(pod)) {
      const script: string = scripts[`scripts_${command![1]!.split('/').at(-1)}`];
      const wanted = /^openssl |\bopenssl genpkey/m.test(script) ? 'openssl' : 'vault';
      expect(image).toContain(`/${wanted}:`);
    }
  });

  test('no script goes on after a failure, or ends with a word that hides it', () => {
    const maps = ours().filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-files'));
    const scripts = maps.flatMap(({ data }) => Object.entries<string>(data).filter(([name]) => name.endsWith('.sh')));
    expect(scripts.length).toBeGreaterThan(10);
    for (const [name, script] of scripts) expect([name, script]).toEqual([name, expect.stringMatching(/^set -eu/m)]);
  });

  test('an error is not "absent", and nothing replaces a key: check-and-set 0, and no right to update', () => {
    const scripts = live.find('ConfigMap', 'neotool-security', 'vault-jwt-init-files').data;
    expect(scripts['scripts_check.sh']).toContain('No value found at secret/data/jwt/keys/default');
    expect(scripts['scripts_store.sh']).toContain('-cas=0');
    const policies = live.find('ConfigMap', 'neotool-security', 'vault-configure-files').data;
    expect(policies['vault_policies_neotool-security.vault-jwt-init.hcl']).not.toMatch(/keys\/default" \{\n.*"update"/);
  });

  test('one Job makes the key; services wait for it, and none of them has a root token', () => {
    expect(ofKind('Job').filter(({ metadata }) => metadata.name === 'vault-jwt-init')).toHaveLength(1);
    for (const name of serviceNames) {
      const pod = podOf(name);
      expect(pod.initContainers!.map((container) => container.name)).toEqual(['wait-for-key']);
      const script = live.find('ConfigMap', 'neotool-app', `${name}-files`).data['vault_wait-for-key.sh'];
      expect(script).not.toMatch(/openssl|kv put/);
      expect(JSON.stringify(pod)).not.toMatch(/root|VAULT_TOKEN/);
    }
  });

  test('only Security may read the private part', () => {
    const policies: Record<string, string> = live.find('ConfigMap', 'neotool-security', 'vault-configure-files').data;
    const readers = Object.entries(policies).filter(([, text]) => text.includes('"secret/data/jwt/keys/default"'));
    expect(readers.map(([name]) => name.replace(/^vault_policies_(.*)\.hcl$/, '$1')).sort()).toEqual([
      'neotool-app.security',
      'neotool-security.vault-jwt-init',
      'neotool-security.vault-jwt-rotate',
    ]);
  });

  test('in dev mode it listens to pods, not to localhost, and the key comes again when it has forgotten it', () => {
    const { env } = memberOf(desk).containers[0]!;
    expect({ ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])) }).toHaveProperty(
      'VAULT_DEV_ROOT_TOKEN_ID',
    );
    const { data } = desk.find('ConfigMap', 'neotool-security', 'vault');
    expect(data.VAULT_DEV_LISTEN_ADDRESS).toBe('0.0.0.0:8200');
    expect(desk.find('CronJob', 'neotool-security', 'vault-jwt-init').spec.schedule).toBe('*/5 * * * *');
  });

  test('in production three members keep it on disk, restarted by a person, audited', () => {
    const { spec } = live.find('StatefulSet', 'neotool-security', 'vault');
    expect(spec).toMatchObject({
      replicas: 3,
      updateStrategy: { type: 'OnDelete' },
      podManagementPolicy: 'Parallel',
    });
    const files = live.find('ConfigMap', 'neotool-security', 'vault-files').data;
    expect(files['vault_config_vault.hcl']).toContain('storage "raft"');
    const script = live.find('ConfigMap', 'neotool-security', 'vault-configure-files').data[
      'vault_scripts_configure.sh'
    ];
    expect(script).toContain('audit enable -path=stdout');
  });

  test('its Jobs know where it is, and are made anew by Flux: a template is immutable', () => {
    for (const name of ['vault-configure', 'vault-jwt-init']) {
      const { metadata } = live.find('Job', 'neotool-security', name);
      expect(metadata.annotations['kustomize.toolkit.fluxcd.io/force']).toBe('Enabled');
      const { data } = live.find('ConfigMap', 'neotool-security', name);
      expect(data.VAULT_ADDR).toBe('http://vault.neotool-security.svc:8200');
    }
  });
});

describe('Secrets', () => {
  test.each(every)('%s holds no value of one', (_, { objects }) => {
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  test('in production they come from Vault, by an account that may only read them', () => {
    const store = ofKind('ClusterSecretStore')[0]!;
    expect(store.spec.provider.vault).toMatchObject({
      server: 'http://vault.neotool-security.svc:8200',
      version: 'v2',
      auth: { kubernetes: { serviceAccountRef: { name: 'external-secrets', namespace: 'neotool-security' } } },
    });
    const policies = live.find('ConfigMap', 'neotool-security', 'vault-configure-files').data;
    expect(policies['vault_policies_neotool-security.external-secrets.hcl']).toBe(
      'path "secret/data/neotool-prod/*" {\n  capabilities = ["read"]\n}\n',
    );
    const admin = live.find('ExternalSecret', 'neotool-data', 'postgresql-admin');
    expect(admin.spec.data[0].remoteRef.key).toBe('neotool-prod/neotool-data/postgresql-admin');
  });

  test('what Vault and the platform need to start does not wait for Vault: it is sealed', () => {
    const sealed = live.declared.flatMap((relation) => relation.sealed ?? []);
    expect(sealed.map(({ namespace }) => namespace).sort()).toEqual([
      'flux-system',
      'loki',
      'monitoring',
      'monitoring',
      'neotool-security',
    ]);
    expect(ofKind('ExternalSecret').map(({ metadata }) => metadata.namespace)).not.toContain('neotool-security');
  });

  test('the keys of a bucket are where it is used', () => {
    const places = ofKind('ExternalSecret').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(places.filter((place) => place.includes('/r2-')).sort()).toEqual([
      'neotool-app/r2-neotool-prod-assets',
      'neotool-data/r2-neotool-prod-backups',
    ]);
  });

  test.each(['neotool-local', 'neotool-dev'] as const)('%s makes its own up', (name) => {
    expect(ofKind('Password', environments[name]).length).toBeGreaterThan(5);
    expect(ofKind('ClusterSecretStore', environments[name])).toEqual([]);
  });
});

describe('services', () => {
  test('four are deployed; Common is their library', () => {
    const names = ofKind('Deployment').filter(({ metadata }) => metadata.namespace === 'neotool-app');
    expect(names.map(({ metadata }) => metadata.name).sort()).toEqual(['app', 'assets', 'assistant', 'security']);
  });

  test.each(serviceNames)('%s is told what it reads, by the names that the plan gives', (name) => {
    expect(variablesOf(name)).toMatchObject({
      MICRONAUT_ENVIRONMENTS: 'kubernetes',
      POSTGRES_HOST: 'postgresql-pooler.neotool-data.svc',
      POSTGRES_PORT: '6432',
      VAULT_ENABLED: 'true',
      VAULT_ADDRESS: 'http://vault.neotool-security.svc:8200',
      KAFKA_BOOTSTRAP_SERVERS: expect.stringContaining('kafka-0.kafka-headless.neotool-messaging.svc:9092'),
    });
  });

  test.each(serviceNames)(
    '%s is not restarted by an outage of a store: liveness is not the aggregate of all',
    (name) => {
      const [container] = podOf(name).containers;
      expect(container!.livenessProbe!.httpGet!.path).toBe('/health/liveness');
      expect(container!.readinessProbe!.httpGet!.path).toBe('/health/readiness');
      expect(container!.startupProbe!.failureThreshold! * container!.startupProbe!.periodSeconds!).toBe(180);
    },
  );

  test.each(serviceNames)('%s keeps to the resources of the plan, and rolls without losing a pod', (name) => {
    expect(podOf(name).containers[0]!.resources).toEqual({
      requests: { cpu: '250m', memory: '512Mi' },
      limits: { cpu: '1', memory: '1Gi' },
    });
    const { strategy } = live.find('Deployment', 'neotool-app', name).spec;
    expect(strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  test('app scales from 1 to 10 in dev and from 5 to 50 in production, by the autoscaler alone', () => {
    for (const [name, min, max] of [['neotool-dev', 1, 10] as const, ['neotool-prod', 5, 50] as const]) {
      const { find } = environments[name];
      expect(find('HorizontalPodAutoscaler', 'neotool-app', 'app').spec).toMatchObject({
        minReplicas: min,
        maxReplicas: max,
      });
      expect(find('Deployment', 'neotool-app', 'app').spec).not.toHaveProperty('replicas');
    }
  });

  test('the quota takes what the autoscalers may ask for', () => {
    const most = serviceNames
      .map((name) => live.find('HorizontalPodAutoscaler', 'neotool-app', name).spec.maxReplicas + 1)
      .reduce((sum, pods) => sum + pods, 0);
    const { hard } = live.find('ResourceQuota', 'neotool-app', 'quota').spec;
    expect(Number(hard.pods)).toBeGreaterThanOrEqual(most);
    expect(Number.parseInt(hard['limits.memory'], 10)).toBeGreaterThanOrEqual(most * 1024);
  });

  test('their images are those of ghcr.io/salomax; Flux follows their tags up to staging, production is promoted to', () => {
    const stage = environments['neotool-staging'];
    expect(ofKind('ImagePolicy')).toEqual([]);
    for (const name of serviceNames) {
      expect(podOf(name).containers[0]!.image).toBe(`ghcr.io/salomax/neotool-${name}:v1.0.0`);
      expect(stage.find('ImageRepository', 'flux-system', `neotool-${name}`).spec.image).toBe(
        `ghcr.io/salomax/neotool-${name}`,
      );
    }
  });

  test('no Service becomes a variable: one named kafka would be read as its configuration', () => {
    for (const [, system] of every) {
      expect(podsOf(ours(system)).filter(({ enableServiceLinks }) => enableServiceLinks !== false)).toEqual([]);
    }
  });

  test('a canary is one more fact: a second track, weighted by Traefik, with an account of its own', () => {
    const system = rendered(withFacts({ canary: { app: { version: 'v1.5.0', percent: 10 } } }));
    expect(system.problems).toEqual(live.problems);
    const services = system.find('TraefikService', 'neotool-app', 'app-tracks').spec.weighted.services;
    expect(services.map(({ name, weight }: Plain) => [name, weight])).toEqual([
      ['app', 90],
      ['app-canary', 10],
    ]);
    expect(podOf('app-canary', system).containers[0]!.image).toBe('ghcr.io/salomax/neotool-app:v1.5.0');
    expect(podOf('app-canary', system).serviceAccountName).toBe('app-canary');
    const config = system.find('ConfigMap', 'neotool-web', 'router-files').data['config_router.yaml'];
    expect(config).toContain('app: http://traefik-internal.traefik.svc/neotool-app/app/graphql');
    expect(config).toContain('assets: http://assets.neotool-app.svc/graphql');
    expect(system.find('IngressRoute', 'neotool-app', 'app-tracks').spec.entryPoints).toEqual(['internal']);
    const { values } = system.find('HelmRelease', 'traefik', 'traefik').spec;
    expect(values.ports.internal).toEqual({ port: 8082, exposedPort: 80, expose: { internal: true } });
  });

  test('the next step of a canary changes its weights and its number of pods, and nothing of the other track', () => {
    const at = (percent: number) =>
      rendered(withFacts({ scale: { app: { min: 5, max: 50 } }, canary: { app: { version: 'v1.5.0', percent } } }));
    const [ten, fifty] = [at(10), at(50)];
    const bounds = (system: typeof ten) => {
      const { minReplicas, maxReplicas } = system.find('HorizontalPodAutoscaler', 'neotool-app', 'app-canary').spec;
      return [minReplicas, maxReplicas];
    };
    expect([bounds(ten), bounds(fifty)]).toEqual([
      [1, 5],
      [3, 25],
    ]);
    expect(fifty.find('Deployment', 'neotool-app', 'app')).toEqual(ten.find('Deployment', 'neotool-app', 'app'));
  });
});

describe('stores', () => {
  const settings = (system: typeof live, namespace: string, name: string) => {
    const { env } = system.find('StatefulSet', namespace, name).spec.template.spec.containers[0];
    return {
      ...system.find('ConfigMap', namespace, name).data,
      ...Object.fromEntries(env.map((entry: Plain) => [entry.name, entry.value ?? entry.valueFrom])),
    };
  };

  test('PostgreSQL 18 is a released one, on the path that its image has from 18 on', () => {
    const { spec } = desk.find('StatefulSet', 'neotool-data', 'postgresql');
    const [server] = spec.template.spec.containers;
    expect(server.image).toMatch(/postgres:18\.\d+-bookworm$/);
    expect(server.volumeMounts).toContainEqual({ name: 'data', mountPath: '/var/lib/postgresql' });
    expect(spec.volumeClaimTemplates[0].spec).toMatchObject({
      storageClassName: 'local-path',
      resources: { requests: { storage: '20Gi' } },
    });
  });

  test('three members of it are one database: Patroni replicates, and the Service follows the leader', () => {
    const { spec } = live.find('StatefulSet', 'neotool-data', 'postgresql');
    expect(spec.replicas).toBe(3);
    expect(spec.template.spec.containers[0].image).toContain('spilo-18');
    expect(live.find('Service', 'neotool-data', 'postgresql').spec.selector).toMatchObject({ role: 'master' });
    expect(spec.volumeClaimTemplates[0].spec).toMatchObject({
      storageClassName: 'ebs-gp3',
      resources: { requests: { storage: '100Gi' } },
    });
  });

  test('PgBouncer listens where services look for it, with SCRAM, transaction by transaction', () => {
    const ini: string = live.find('ConfigMap', 'neotool-data', 'postgresql-pooler-files').data[
      'etc_pgbouncer_pgbouncer.ini'
    ];
    for (const line of ['listen_port = 6432', 'auth_type = scram-sha-256', 'pool_mode = transaction']) {
      expect(ini).toContain(line);
    }
    const { image } = live.find('Deployment', 'neotool-data', 'postgresql-pooler').spec.template.spec.containers[0];
    expect(image).not.toMatch(/latest$/);
  });

  test('migrations go to the server itself, with connections that the pools leave free', () => {
    expect(variablesOf('app')).toMatchObject({
      FLYWAY_DATASOURCES_DEFAULT_URL: 'jdbc:postgresql://postgresql.neotool-data.svc:5432/app',
    });
    const ini: string = live.find('ConfigMap', 'neotool-data', 'postgresql-pooler-files').data[
      'etc_pgbouncer_pgbouncer.ini'
    ];
    const pool = Number(/default_pool_size = (\d+)/.exec(ini)![1]);
    expect(pool * 2 * 4).toBeLessThanOrEqual(409 - 13 - 16);
  });

  test('as many pods as the autoscalers may start find a connection', () => {
    const { problems } = rendered(withFacts({ scale: { app: { min: 5, max: 120 } } }));
    expect(problems).toEqual([...live.problems, expect.stringContaining('app 121 x 10')]);
  });

  test('Kafka has the settings that it refuses to start without, its volume, and a name per member', () => {
    for (const [system, replicas] of [[desk, 1] as const, [live, 3] as const]) {
      const { spec } = system.find('StatefulSet', 'neotool-messaging', 'kafka');
      expect(spec.replicas).toBe(replicas);
      expect(settings(system, 'neotool-messaging', 'kafka')).toMatchObject({
        KAFKA_NODE_ID: expect.anything(),
        KAFKA_CONTROLLER_QUORUM_VOTERS: expect.stringMatching(new RegExp(`^(\\d@kafka-\\d.*){${replicas}}$`)),
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: expect.any(String),
        KAFKA_ADVERTISED_LISTENERS: expect.stringContaining('$(POD_NAME).kafka-headless'),
        KAFKA_LOG_DIRS: '/var/lib/kafka/data/logs',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: `${replicas}`,
        CLUSTER_ID: expect.stringMatching(/^[\w-]{22}$/),
      });
      const [server] = spec.template.spec.containers;
      expect(server.volumeMounts).toContainEqual({ name: 'data', mountPath: '/var/lib/kafka/data' });
      expect(system.find('Service', 'neotool-messaging', 'kafka-headless').spec.publishNotReadyAddresses).toBe(true);
    }
  });

  test('objects are in MinIO on a desk, pinned, and in R2 in production', () => {
    const [server] = desk.find('StatefulSet', 'neotool-storage', 'minio').spec.template.spec.containers;
    expect(server.image).toMatch(/:RELEASE\./);
    expect(ofKind('StatefulSet').map(({ metadata }) => metadata.namespace)).not.toContain('neotool-storage');
    expect(variablesOf('assets')).toMatchObject({
      AWS_ENDPOINT_URL_S3: expect.stringMatching(/r2\.cloudflarestorage\.com$/),
      S3_BUCKET: 'neotool-prod-assets',
    });
  });

  test('what production keeps is backed up to R2: the databases every hour, Vault every day', () => {
    expect(live.find('CronJob', 'neotool-data', 'postgresql-backup').spec.schedule).toBe('0 * * * *');
    expect(live.find('CronJob', 'neotool-security', 'vault-backup').spec.schedule).toBe('0 2 * * *');
  });
});

describe('web', () => {
  const router = live.find('ConfigMap', 'neotool-web', 'router-files').data['config_router.yaml'];

  test('every listener of Apollo Router is reached from other pods', () => {
    for (const address of ['0.0.0.0:4000', '0.0.0.0:8088', '0.0.0.0:9090']) expect(router).toContain(address);
    const [container] = live.find('Deployment', 'neotool-web', 'router').spec.template.spec.containers;
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health?live', port: 'health' });
    expect(container.args).toContain('/config/supergraph.graphql');
  });

  test('the supergraph and the configuration name the same four services', () => {
    const schema: string = live.find('ConfigMap', 'neotool-web', 'router-files').data['config_supergraph.graphql'];
    const named = [...schema.matchAll(/@join__graph\(name: "(\w+)"/g)].map(([, name]) => name).sort();
    expect(named).toEqual([...serviceNames].sort());
    for (const name of serviceNames) expect(router).toContain(`${name}: http://${name}.neotool-app.svc/graphql`);
  });

  test('two pods show the pages, over TLS and with security headers, GraphQL beside them', () => {
    expect(live.find('Deployment', 'neotool-web', 'web').spec.replicas).toBe(2);
    const { spec } = live.find('Ingress', 'neotool-web', 'ingress');
    expect(spec.ingressClassName).toBe('traefik');
    expect(spec.tls[0].hosts).toEqual(['neotool.example.com']);
    expect(spec.rules[0].http.paths.map(({ path, backend }: Plain) => [path, backend.service.name])).toEqual([
      ['/', 'web'],
      ['/graphql', 'router'],
    ]);
    expect(live.find('Middleware', 'neotool-web', 'ingress-headers').spec.headers).toMatchObject({ frameDeny: true });
  });

  test('a name that nobody outside can look up gets its certificate from the cluster itself', () => {
    expect(desk.find('Ingress', 'neotool-web', 'ingress').spec.rules[0].host).toBe('neotool.local');
    const issuers = ofKind('ClusterIssuer', desk);
    expect(issuers.map(({ spec }) => Object.keys(spec)[0]).sort()).toEqual(['ca', 'selfSigned']);
    expect(ofKind('ClusterIssuer').map(({ spec }) => Object.keys(spec)[0])).toEqual(['acme']);
  });
});

describe('workflows', () => {
  const job = live.find('CronJob', 'neotool-workflows', 'bacen-ifdata');

  test('the daily import has its place, and does not run before it is written', () => {
    expect(job.spec).toMatchObject({ schedule: '0 7 * * *', timeZone: 'Etc/UTC', suspend: true });
    expect(ofKind('ImageRepository').map(({ metadata }) => metadata.name)).not.toContain('neotool-bacen-ifdata');
  });

  test('turned on, it runs, its tags are followed, and a day without it is an alert', () => {
    const system = rendered(withFacts({ bacenIfdata: true }, staging));
    expect(system.find('CronJob', 'neotool-workflows', 'bacen-ifdata').spec).not.toHaveProperty('suspend', true);
    expect(system.find('ImagePolicy', 'flux-system', 'neotool-bacen-ifdata')).toBeDefined();
    const [{ rules }] = system.find('PrometheusRule', 'neotool-observability', 'neotool').spec.groups;
    expect(rules.map(({ alert }: Plain) => alert)).toContain('NeotoolImportOverdue');
  });

  test('it publishes to its topic, and what it cannot handle to another one; both are there', () => {
    const { data } = live.find('ConfigMap', 'neotool-workflows', 'bacen-ifdata');
    expect(data).toMatchObject({
      KAFKA_TOPIC: 'bacen.ifdata.v1',
      KAFKA_DLQ_TOPIC: 'bacen.ifdata.v1.dlq',
      KAFKA_PRODUCER_TOPICS: 'bacen.ifdata.v1,bacen.ifdata.v1.dlq',
    });
  });

  test.each(every)('%s has no Prefect, which the plan leaves out', (_, { objects }) => {
    expect(JSON.stringify(objects)).not.toMatch(/prefect/i);
  });
});

describe('observability', () => {
  test('metrics are scraped where Micronaut has them, by monitors whose kind is installed', () => {
    for (const name of serviceNames) {
      expect(live.find('ServiceMonitor', 'neotool-app', name).spec.endpoints).toEqual([
        { port: 'http', path: '/prometheus', interval: '30s' },
      ]);
    }
    expect(live.find('HelmRelease', 'prometheus-crds', 'prometheus-operator-crds')).toBeDefined();
    expect(JSON.stringify(live.objects)).not.toContain('prometheus.io/scrape');
  });

  test('PostgreSQL, Kafka and Apollo Router are scraped too', () => {
    const monitors = ofKind('ServiceMonitor').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(monitors).toEqual(
      expect.arrayContaining(['neotool-data/postgresql', 'neotool-messaging/kafka', 'neotool-web/router']),
    );
  });

  test('logs go through Alloy, which reads at the API server, to a Loki that takes OTLP; Promtail is gone', () => {
    expect(live.find('HelmRelease', 'alloy', 'alloy').spec.values.alloy.configMap.content).toContain(
      'loki.source.kubernetes',
    );
    for (const [, { objects }] of every) expect(JSON.stringify(objects)).not.toMatch(/promtail|"hostPath"/);
  });

  test('Loki keeps its chunks in MinIO on a desk and in R2 in production', () => {
    const s3 = (system: typeof live) => system.find('HelmRelease', 'loki', 'loki').spec.values.loki.storage.s3;
    expect(s3(desk).endpoint).toBe('minio.neotool-storage.svc:9000');
    expect(s3(live).endpoint).toMatch(/r2\.cloudflarestorage\.com$/);
  });

  test('the five dashboards are there, as the bare model that the sidecar reads', () => {
    const names = ofKind('ConfigMap').filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1');
    expect(names.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['neotool', 'neotool-services', 'postgresql', 'kafka', 'nodes']),
    );
    for (const { data } of names) {
      const [model] = Object.values<string>(data).map((text) => JSON.parse(text));
      expect(model).toMatchObject({ title: expect.any(String), panels: expect.any(Array) });
    }
  });

  test('Prometheus takes rules and monitors that carry no label of its release', () => {
    const { prometheusSpec } = live.find('HelmRelease', 'monitoring', 'kube-prometheus-stack').spec.values.prometheus;
    expect(prometheusSpec).toMatchObject({
      ruleSelectorNilUsesHelmValues: false,
      serviceMonitorSelectorNilUsesHelmValues: false,
    });
  });
});

describe('every environment', () => {
  test.each(every)('%s runs no image that moves, was not released, or left its registry', (_, { objects }) => {
    const images = podsOf(objects).flatMap((pod) => containersOf(pod).map(({ image }) => image!));
    expect(images.filter((image) => /:latest$|rc\d*$|bitnami|gcr\.io\/(?!salomax)/.test(image))).toEqual([]);
    const charts = objects.filter(({ kind }) => kind === 'OCIRepository' || kind === 'HelmRepository');
    expect(
      charts.filter(({ spec }) => /bitnami\.com|charts\.bitnami|grafana\.github\.io\/.*loki-stack/.test(spec.url)),
    ).toEqual([]);
  });

  test.each(every)('%s asks DNS over UDP and TCP, from every pod', (_, system) => {
    const policies = ofKind('NetworkPolicy', system).filter(
      ({ metadata, spec }) => metadata.namespace.startsWith('neotool-') && spec.egress,
    );
    expect(policies.length).toBeGreaterThan(10);
    for (const { spec } of policies) {
      const ports = spec.egress.flatMap((rule: Plain) => rule.ports);
      for (const protocol of ['UDP', 'TCP']) expect(ports).toContainEqual({ protocol, port: 53 });
    }
  });

  test('the databases are reached by their pooler, by migrations, backups and members, and by nobody else', () => {
    const { ingress } = live.find('NetworkPolicy', 'neotool-data', 'postgresql').spec;
    const peers = ingress.flatMap(({ from, ports }: Plain) =>
      ports.some(({ port }: Plain) => port === 5432)
        ? from.map(({ podSelector }: Plain) => podSelector.matchLabels['app.kubernetes.io/name'])
        : [],
    );
    expect(peers.sort()).toEqual([
      'app',
      'assets',
      'assistant',
      'postgresql',
      'postgresql-backup',
      'postgresql-backup-restore',
      'postgresql-bootstrap',
      'postgresql-pooler',
      'security',
    ]);
  });

  test('a Service account has the rights that it needs, and its token is mounted only for those', () => {
    // Vault reviews tokens, by a ClusterRole alone.
    const bindings = [...ofKind('RoleBinding'), ...ofKind('ClusterRoleBinding')];
    for (const pod of podsOf(ours())) {
      const roles = bindings.filter(({ subjects }) => subjects[0].name === pod.serviceAccountName);
      expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual([
        pod.serviceAccountName,
        roles.length > 0,
      ]);
    }
  });
});

describe('bad input is refused in one message, with the line that made it', () => {
  const errors = (environment: Environment) =>
    synthesize(environment, new Map()).findings.filter(({ severity }) => severity === 'error');

  const extra =
    (build: (app: Parameters<Environment['systems'][number]>[0]) => void): Environment['systems'][number] =>
    (app) =>
      build(app);
  const chartOf = (app: Parameters<Environment['systems'][number]>[0], id: string) => app.node.findChild(id) as never;

  test.each<[string, Environment, string, string]>([
    [
      'Vault in dev mode in production',
      withFacts({ vault: { mode: 'dev' } }),
      'mode: dev forgets everything when it restarts, and neotool.example.com is a public domain; use mode raft',
      'charts/neotool/security.ts',
    ],
    [
      'R2 where nobody gives its credentials',
      withFacts({}, { ...prod, secrets: { kind: 'generated' } }),
      'objects: R2 has no credentials here, Cloudflare gives them out and `secrets` makes all of them up; use external or sealed',
      'charts/neotool/storage.ts',
    ],
    [
      'R2 without an account',
      withFacts({ objects: { by: 'r2', account: '' } }),
      'objects.account: "" is no account id of Cloudflare, 32 of 0-9 and a-f; copy it from R2\'s page',
      'charts/neotool/storage.ts',
    ],
    [
      'an autoscaler whose least is above its most',
      withFacts({ scale: { assets: { min: 5, max: 2 } } }),
      'scale.max: 2 is below min 5, it has to be a whole number from there; raise it',
      'charts/neotool/services.ts',
    ],
    [
      'a canary of no share',
      withFacts({ canary: { app: { version: 'v1.5.0', percent: 0 } } }),
      'percent: 0 is no share of the requests; use 1 to 100, or take the canary out',
      'charts/neotool/services.ts',
    ],
  ])('%s', (_, environment, message, file) => {
    expect(errors(environment)).toEqual([
      expect.objectContaining({
        message: expect.stringContaining(message.split('; ')[0]!),
        source: expect.objectContaining({ file, line: expect.any(Number) }),
      }),
    ]);
  });

  test('a service that asks Vault for what its policy does not grant', () => {
    const asking = extra((app) => {
      const chart = chartOf(app, 'neotool-security') as { node: { findChild(id: string): Plain } };
      const vault = chart.node.findChild('vault');
      vault.client('neotool-app/assets').reads('secret/data/jwt/keys/default');
    });
    const [error, ...others] = errors({ ...withFacts({}), systems: [...withFacts({}).systems, asking] });
    expect(others).toEqual([]);
    expect(error).toMatchObject({
      message: expect.stringContaining(
        'policies.neotool-app/assets: read of secret/data/jwt/keys/default is not granted, it would be denied',
      ),
      source: { file: 'charts/neotool/security.ts' },
    });
  });

  test('a host that two Ingresses answer to', () => {
    const twice = extra((app) => {
      const chart = chartOf(app, 'neotool-web');
      const page = new Workload(chart, 'landing', {
        image: 'ghcr.io/salomax/landing:v1.0.0',
        size: 'tiny',
        listens: { http: 8080 },
        health: { live: 'tcp', ready: '/' },
      });
      new Ingress(chart, 'landing-ingress', { host: 'neotool.example.com', routes: { '/': page } });
    });
    const found = errors({ ...withFacts({}), systems: [...withFacts({}).systems, twice] });
    expect(found).toEqual([
      expect.objectContaining({
        rule: 'duplicate-route',
        message: expect.stringContaining('neotool.example.com/ is answered by Ingress neotool-web/ingress too'),
      }),
    ]);
  });
});
