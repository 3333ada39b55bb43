import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import homelab, { homelabWith } from '../../charts/environments/homelab.ts';
import { assumed } from '../../charts/homelab/assumed.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Plain, rendered } from './environment.ts';

// Each test pins one fault of the plan that this cluster was described from, or one promise it makes.

const live = rendered(homelab);
/** As it is where the cluster reaches its git server, and Flux keeps the tags. */
const withGit = homelabWith({ telemetry: true, source: 'git' });
const synthesis = synthesize(homelab, new Map());
const { objects, find } = live;
const ofKind = (kind: string): readonly Plain[] => objects.filter((object) => object.kind === kind);
const namespaces = ['databases', 'family-assistant', 'homelab-dashboard', 'n8n'];
const ours = ofKind('Deployment').filter(({ metadata }) => namespaces.includes(metadata.namespace));
const sealed = live.declared.flatMap((relation) => relation.sealed ?? []);

function variables(namespace: string, name: string, system = live): Record<string, Plain> {
  const { env = [], envFrom = [] } = system.find('Deployment', namespace, name).spec.template.spec.containers[0];
  const plain = envFrom.map(({ configMapRef }: Plain) => system.find('ConfigMap', namespace, configMapRef.name).data);
  return Object.assign(
    {},
    ...plain,
    ...env.map(({ name: key, value, valueFrom }: Plain) => ({ [key]: value ?? valueFrom })),
  );
}

test('renders without a refusal, and no rule finds an error', () => {
  expect(synthesis.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('every guess is in the document that its owner reads, with the way to find out', () => {
  const text = readFileSync('docs/homelab.md', 'utf8');
  for (const [name, { look }] of Object.entries(assumed)) {
    expect(text).toContain(`| ${name} |`);
    expect(text).toContain(look.replaceAll('|', '\\|'));
  }
});

describe("the plan's layout", () => {
  const paths = [...synthesis.files.keys()];

  test('infrastructure.yaml and apps.yaml below clusters/homelab, beside flux-system/ and secrets/, which are hand-owned', () => {
    expect(paths).toEqual(expect.arrayContaining(['homelab/infrastructure.yaml', 'homelab/apps.yaml']));
    expect(paths.filter((path) => /^homelab\/(flux-system|secrets)\//.test(path))).toEqual([]);
  });

  test('a Flux Kustomization each for databases, observability and every app', () => {
    const listed = (file: string) =>
      [...synthesis.files.get(`homelab/${file}`)!.matchAll(/^ {2}name: (\S+)$/gm)].map(([, name]) => name);
    expect(listed('apps.yaml')).toEqual(expect.arrayContaining(['family-assistant', 'homelab-dashboard', 'n8n']));
    expect(listed('infrastructure.yaml')).toEqual(
      expect.arrayContaining([
        'databases-stores',
        'loki-controllers',
        'monitoring-controllers',
        'opentelemetry-collector-controllers',
      ]),
    );
  });

  test('deleting a Kustomization prunes, so that is no way back: what holds data is guarded against it', () => {
    const text = [...synthesis.files]
      .filter(([path]) => path.startsWith('homelab/namespaces/'))
      .map(([, yaml]) => yaml);
    expect(text.join()).toContain('kustomize.toolkit.fluxcd.io/prune: disabled');
    for (const { spec } of ofKind('StatefulSet')) {
      expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    }
  });
});

describe('secrets', () => {
  test('are sealed for the namespace of who reads them: kubectl without --namespace would have sealed for default', () => {
    expect(ofKind('Secret')).toEqual([]);
    expect(sealed.map(({ namespace }) => namespace)).not.toContain('default');
    const found = new Set(sealed.map(({ namespace, name }) => `${namespace}/${name}`));
    for (const { metadata, spec } of ours) {
      const read = (spec.template.spec.containers[0].env ?? [])
        .flatMap(({ valueFrom }: Plain) => valueFrom?.secretKeyRef?.name ?? [])
        .map((name: string) => `${metadata.namespace}/${name}`);
      for (const name of read) expect(found).toContain(name);
    }
  });

  test('one that was sealed for another namespace is refused: its controller could not open it', () => {
    const { find: at } = rendered(homelab);
    expect(at('Deployment', 'n8n', 'n8n')).toBeDefined();
    const text = `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: n8n-encryption-key, namespace: default}
spec: {encryptedData: {N8N_ENCRYPTION_KEY: AgA=}, template: {metadata: {name: n8n-encryption-key, namespace: default}}}
`;
    const tree = new Map([['homelab/secrets/n8n.n8n-encryption-key.yaml', text]]);
    const messages = synthesize(homelab, tree).findings.map(({ severity, message }) => `${severity}: ${message}`);
    expect(messages).toContainEqual(expect.stringMatching(/error: .*default/));
  });

  test('the controller has the name that kubeseal looks for', () => {
    const { values } = find('HelmRelease', 'sealed-secrets', 'sealed-secrets').spec;
    expect(values.fullnameOverride).toBe('sealed-secrets-controller');
  });

  test("each namespace has the stores' passwords that it uses, and no other", () => {
    const of = (namespace: string) => sealed.filter((each) => each.namespace === namespace).map(({ name }) => name);
    expect(of('n8n').filter((name) => /redis|qdrant/.test(name))).toEqual([]);
    expect(of('homelab-dashboard')).toEqual([]);
  });
});

describe('images', () => {
  const { objects: all } = rendered(withGit);
  const automation = (kind: string): Plain[] => all.filter((object) => object.kind === kind);

  test('come from the registry in the house, by plain HTTP, as Flux is told too', () => {
    for (const { metadata, spec } of ours.filter(({ metadata: { name } }) => name !== 'n8n')) {
      expect(`${metadata.name} ${spec.template.spec.containers[0].image}`).toContain(`${assumed.registry.value}/`);
    }
    for (const { spec } of automation('ImageRepository')) {
      expect(spec).toMatchObject({ insecure: true, interval: '30s' });
      expect(spec.image).toContain(assumed.registry.value);
    }
  });

  test('tags have the form of the plan, and are ordered by their version: as they are they are pre-releases, sorted by hash', () => {
    const policies = automation('ImagePolicy');
    expect(policies.map(({ metadata }) => metadata.name).sort()).toEqual([
      'family-assistant-backend',
      'family-assistant-frontend',
      'homelab-dashboard',
    ]);
    for (const { spec } of policies) {
      expect(spec.filterTags.extract).toBe('$version');
      expect(spec.policy).toEqual({ semver: { range: '2.x' } });
    }
  });

  test('a tag that is none of them is refused', () => {
    const tree = new Map(
      [...synthesis.files].map(([path, text]) => [path, text.replaceAll('v2.1.0-0000000-prod', 'v2.1.0')]),
    );
    expect(synthesize(homelab, tree).findings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('homelab-dashboard: tag v2.1.0 does not match'),
    );
  });

  test('a push runs within two minutes: what Flux waits at most, with what a start may take', () => {
    const seconds = (duration?: string) => Number(/^(\d+)s$/.exec(duration ?? '')?.[1] ?? Number.NaN);
    const { startupProbe, readinessProbe } = find('Deployment', 'family-assistant', 'backend').spec.template.spec
      .containers[0];
    const start = startupProbe.periodSeconds + readinessProbe.periodSeconds;
    // Kustomizations follow their source at once.
    expect(seconds(homelab.repository.interval) + start).toBeLessThan(120);
    const scan = seconds(automation('ImageRepository')[0].spec.interval);
    expect(scan + seconds(withGit.repository.interval) + start).toBeLessThan(120);
    // It follows its policies; this is for what it missed.
    expect(seconds(automation('ImageUpdateAutomation')[0].spec.interval)).toBeLessThanOrEqual(30);
  });
});

describe('what Flux reads', () => {
  const sources = (environment: typeof homelab) =>
    [...synthesize(environment, new Map()).files]
      .filter(([path]) => /^homelab\/(infrastructure|apps)\.yaml$/.test(path))
      .flatMap(([, text]) => [...text.matchAll(/sourceRef:\n {4}kind: (\w+)/g)].map(([, kind]) => kind));

  test('is an artifact, for the cluster cannot reach the git server: every Kustomization, and who is told when it fails', () => {
    expect(new Set(sources(homelab))).toEqual(new Set(['OCIRepository']));
    expect(find('Alert', 'flux-system', 'slack').spec.eventSources[0]).toEqual({ kind: 'OCIRepository', name: '*' });
    expect(ofKind('ImageUpdateAutomation')).toEqual([]);
  });

  test('is git by one word, with the same Kustomizations and nothing that runs changed', () => {
    expect(new Set(sources(withGit))).toEqual(new Set(['GitRepository']));
    const files = (environment: typeof homelab) =>
      [...synthesize(environment, new Map()).files]
        .filter(([path]) => !/\/(flux\/.*|images\.yaml|kustomization\.yaml)$/.test(path))
        .map(([path, text]) => [path, text.replaceAll('GitRepository', 'OCIRepository')]);
    expect(files(withGit)).toEqual(files(homelab));
  });

  test('image automation is refused beside an artifact: it commits to git', () => {
    expect(rendered({ ...homelab, imageTags: 'flux' }).problems).toContainEqual(
      expect.stringContaining('this cluster reads an artifact'),
    );
  });
});

describe('telemetry', () => {
  const { values } = find('HelmRelease', 'opentelemetry-collector', 'opentelemetry-collector').spec;
  const config = values.alternateConfig;

  test('the memory limiter leaves room below the limit: at 512Mi of 512Mi the kernel is first', () => {
    expect(values.resources).toEqual({
      requests: { cpu: '200m', memory: '256Mi' },
      limits: { cpu: '1', memory: '512Mi' },
    });
    expect(config.processors.memory_limiter).toEqual({
      check_interval: '1s',
      limit_percentage: 80,
      spike_limit_percentage: 25,
    });
    for (const { processors } of Object.values<Plain>(config.service.pipelines))
      expect(processors[0]).toBe('memory_limiter');
  });

  test('logs go to Loki by OTLP, for the exporter of Loki is gone; metrics to a Prometheus that takes them', () => {
    const { exporters, service } = config;
    expect(exporters['otlp_http/loki'].endpoint).toMatch(/loki.*\/otlp$/);
    expect(service.pipelines.logs.exporters).toEqual(['otlp_http/loki']);
    const { prometheusSpec } = find('HelmRelease', 'monitoring', 'kube-prometheus-stack').spec.values.prometheus;
    expect(prometheusSpec.enableOTLPReceiver).toBe(true);
  });

  test('a tenth of the traces; their pipeline has an exporter, though there is no Jaeger yet', () => {
    const { processors, service } = config;
    expect(processors.probabilistic_sampler.sampling_percentage).toBe(10);
    expect(service.pipelines.traces.exporters).toEqual(['debug']);
  });

  test('Loki keeps seven days, and deletes', () => {
    const { loki } = find('HelmRelease', 'loki', 'loki').spec.values;
    expect(loki.limits_config.retention_period).toBe('7d');
    expect(loki.compactor.retention_enabled).toBe(true);
  });

  test('the services that the plan names send to the collector, and may reach it', () => {
    for (const [namespace, name] of [
      ['family-assistant', 'backend'],
      ['homelab-dashboard', 'homelab-dashboard'],
    ] as const) {
      expect(variables(namespace, name)).toMatchObject({
        OTEL_EXPORTER_OTLP_ENDPOINT: homelab.otlp!.endpoint,
        OTEL_SERVICE_NAME: name,
      });
      expect(JSON.stringify(find('NetworkPolicy', namespace, name).spec.egress)).toContain('"port":4317');
    }
  });

  test('one switch removes the collector, and turns the SDKs of its clients off', () => {
    const off = rendered(homelabWith({ telemetry: false, source: 'oci' }));
    expect(off.problems).toEqual([]);
    expect(off.objects.filter(({ metadata }) => metadata.namespace === 'opentelemetry-collector')).toEqual([]);
    const env = variables('family-assistant', 'backend', off);
    expect(env['OTEL_SDK_DISABLED']).toBe('true');
    expect(env).not.toHaveProperty('OTEL_EXPORTER_OTLP_ENDPOINT');
    const { findings } = synthesize(homelabWith({ telemetry: false, source: 'oci' }), new Map());
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('n8n', () => {
  const env = variables('n8n', 'n8n');
  const { spec } = find('Deployment', 'n8n', 'n8n');

  test("is given no variables of Services: N8N_PORT would be one's address", () => {
    expect(spec.template.spec.enableServiceLinks).toBe(false);
    expect(env['N8N_PORT']).toBe('5678');
  });

  test('never runs twice', () => {
    expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(
      objects.filter(({ kind, metadata }) => metadata.namespace === 'n8n' && /Autoscaler|Budget/.test(kind)),
    ).toEqual([]);
  });

  test('keeps all in its database, encrypted with a key that is sealed, and knows the address that webhooks call', () => {
    expect(env).toMatchObject({
      DB_TYPE: 'postgresdb',
      DB_POSTGRESDB_HOST: 'postgresql.databases.svc',
      DB_POSTGRESDB_DATABASE: 'n8n',
      DB_POSTGRESDB_PASSWORD: { secretKeyRef: { name: 'postgresql-n8n' } },
      N8N_ENCRYPTION_KEY: { secretKeyRef: { name: 'n8n-encryption-key' } },
      WEBHOOK_URL: `https://n8n.${assumed.domain.value}/`,
      N8N_DEFAULT_BINARY_DATA_MODE: 'database',
    });
    expect(spec.template.spec.volumes.some((volume: Plain) => volume.persistentVolumeClaim)).toBe(false);
  });
});

describe('databases', () => {
  test('PostgreSQL and Redis survive a node, Qdrant comes back with its own', () => {
    expect(
      Object.fromEntries(ofKind('StatefulSet').map(({ metadata, spec }) => [metadata.name, spec.replicas])),
    ).toEqual({
      postgresql: 3,
      redis: 3,
      qdrant: 1,
    });
  });

  test('are backed up out of the house, by days, weeks and months', () => {
    for (const name of ['postgresql', 'redis', 'qdrant']) {
      expect(find('ConfigMap', 'databases', `${name}-backup`).data).toMatchObject({
        TARGET: `:s3:homelab-backups/${name}`,
        KEEP_DAILY: '7',
        KEEP_WEEKLY: '4',
        KEEP_MONTHLY: '3',
      });
    }
  });

  test('let in who uses them, each by the variable of its driver, and nobody else', () => {
    expect(Object.keys(variables('family-assistant', 'backend'))).toEqual(
      expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', 'QDRANT_URL', 'QDRANT_API_KEY']),
    );
    const callers = (name: string) =>
      find('NetworkPolicy', 'databases', name).spec.ingress.flatMap(({ from }: Plain) =>
        from.flatMap(({ namespaceSelector }: Plain) => Object.values(namespaceSelector?.matchLabels ?? {})),
      );
    expect(callers('qdrant').sort()).toEqual(['family-assistant', 'monitoring']);
    expect(callers('postgresql')).toEqual(expect.arrayContaining(['family-assistant', 'n8n']));
    expect(callers('postgresql')).not.toContain('homelab-dashboard');
  });
});
