import { describe, expect, test } from '@jest/globals';
import lab from '../../charts/environments/lab.ts';
import { lab as stores } from '../../charts/lab/lab.ts';
import { collectorAlerts } from '../../charts/platform/alerts.ts';
import { collectorOtlp } from '../../charts/platform/opentelemetry-collector.ts';
import { type PlatformFacts, platform } from '../../charts/platform/platform.ts';
import { tempoOtlp } from '../../charts/platform/tempo.ts';
import type { Environment } from '../../imports/environment.ts';
import { type Plain, rendered } from './environment.ts';

const basic: PlatformFacts = {
  email: 'a@example.net',
  alerts: { slack: { channel: '#a' } },
  monitoring: { retention: '30d', storage: '100Gi', dns: 'coreDns' },
};
const volume = { retention: '7d', storage: '5Gi' };
const traces = { retention: '72h', storage: '5Gi' };
const r2 = { url: 'https://account.r2.cloudflarestorage.com', region: 'auto', provider: 'Cloudflare' } as const;

const withFacts = (facts: Partial<PlatformFacts>, changes: Partial<Environment> = {}) => {
  const system = platform({ ...basic, ...facts });
  const made = rendered({ ...lab, otlp: undefined, systems: [system], ...changes } as Environment);
  return {
    ...made,
    values: (name: string, namespace = name): Plain => made.find('HelmRelease', namespace, name).spec.values,
  };
};
const live = rendered(lab);
const values = (name: string, namespace = name): Plain => live.find('HelmRelease', namespace, name).spec.values;
const releases = live.objects.filter(({ kind }) => kind === 'HelmRelease');
const namespaceOf = ({ objects }: { objects: readonly Plain[] }, name: string) =>
  objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === name)!.metadata.labels;

describe('the platform', () => {
  test('has no part that was not asked for', () => {
    const { objects, problems } = withFacts({});
    expect(problems).toEqual([]);
    const names = objects.filter(({ kind }) => kind === 'HelmRelease').map(({ metadata }) => metadata.name);
    expect(names.sort()).toEqual([
      'cert-manager',
      'kube-prometheus-stack',
      'prometheus-operator-crds',
      'sealed-secrets',
      'traefik',
    ]);
  });

  test('writes no password, key or token into values', () => {
    for (const { spec } of releases) {
      const secrets = JSON.stringify(spec.values ?? {}).match(
        /"[^"]*(password|secretKey|accessKey|token)[^"]*":"[^"]+"/gi,
      );
      expect(secrets ?? []).toEqual(
        (secrets ?? []).filter((found) => /Key":"admin-|"key":"|passwordKey|automount/i.test(found)),
      );
    }
  });

  test('holds Pod Security restricted but where machines themselves are read', () => {
    const level = (name: string) => namespaceOf(live, name)['pod-security.kubernetes.io/enforce'];
    for (const name of ['loki', 'tempo', 'alloy', 'opentelemetry-collector', 'trivy-system']) {
      expect([name, level(name)]).toEqual([name, 'restricted']);
    }
    expect(['velero', 'monitoring', 'nfs'].map(level)).toEqual(['privileged', 'privileged', 'privileged']);
  });
});

test.each(['', 'admin', 'admin@home'])('an issuer is refused to register %j at the authority', (email) => {
  expect(withFacts({ email }).problems).toEqual([
    `email: "${email}" is no address, and Let's Encrypt registers none like it`,
  ]);
  expect(withFacts({ email }, { domain: 'home.internal' }).problems).toEqual([]);
});

describe('monitoring', () => {
  const spec = (made: ReturnType<typeof withFacts>) =>
    made.values('kube-prometheus-stack', 'monitoring').prometheus.prometheusSpec;

  test('keeps what the plan says, and never fills its volume', () => {
    expect(spec(withFacts({}))).toMatchObject({ retention: '30d', retentionSize: '87040MiB' });
  });

  test.each(['15', '15 days', '0d', ''])('refuses to keep samples for %j', (retention) => {
    expect(withFacts({ monitoring: { ...basic.monitoring, retention } }).problems).toEqual([
      `monitoring.retention: "${retention}" is no time that Prometheus reads`,
    ]);
  });

  test.each([
    ['monitoring', { monitoring: { ...basic.monitoring, storage: '20GB' } }],
    ['loki', { loki: { ...volume, storage: '20GB' } }],
    ['tempo', { tempo: { ...traces, storage: '20GB' } }],
  ])('refuses a volume of %s of no size', (part, facts) => {
    expect(withFacts(facts).problems).toEqual([`${part}.storage: "20GB" holds nothing, a volume needs a size`]);
  });

  test('refuses a host of Grafana that is none', () => {
    expect(withFacts({ monitoring: { ...basic.monitoring, grafana: 'https://grafana' } }).problems).toEqual([
      'monitoring.grafana: "https://grafana" is not a DNS name',
    ]);
  });

  test('is small where it has to be', () => {
    const memory = { request: '300Mi', limit: '600Mi' };
    const made = withFacts({ monitoring: { ...basic.monitoring, memory } });
    expect(spec(made).resources).toEqual({ requests: { cpu: '200m', memory: '300Mi' }, limits: { memory: '600Mi' } });
  });

  test('takes pushed metrics only where somebody pushes', () => {
    expect(spec(withFacts({}))).not.toHaveProperty('enableOTLPReceiver');
    expect(spec(withFacts({ collector: { logs: false } }))).toMatchObject({
      enableOTLPReceiver: true,
      tsdb: { outOfOrderTimeWindow: '10m' },
    });
  });

  test('does not watch what K3s runs inside its one process', () => {
    const off = { enabled: false };
    expect(withFacts({}).values('kube-prometheus-stack', 'monitoring')).toMatchObject({
      kubeControllerManager: off,
      kubeScheduler: off,
      kubeEtcd: off,
      kubeProxy: off,
    });
  });

  test('shows logs and traces where they are kept, and leads from one to the other', () => {
    const sources = (facts: Partial<PlatformFacts>) =>
      withFacts(facts)
        .values('kube-prometheus-stack', 'monitoring')
        .grafana.additionalDataSources.map(({ uid }: Plain) => uid);
    expect(sources({})).toEqual([]);
    expect(sources({ loki: volume })).toEqual(['loki']);
    expect(sources({ loki: volume, tempo: traces })).toEqual(['loki', 'tempo']);
    const [loki, tempo] = values('kube-prometheus-stack', 'monitoring').grafana.additionalDataSources;
    expect(loki.jsonData.derivedFields[0].datasourceUid).toBe('tempo');
    expect(tempo.jsonData.tracesToLogsV2.datasourceUid).toBe('loki');
  });

  test('puts Grafana behind the ingress where it has a host', () => {
    const { grafana } = withFacts({ monitoring: { ...basic.monitoring, grafana: 'grafana.lab.example.net' } }).values(
      'kube-prometheus-stack',
      'monitoring',
    );
    expect(grafana.ingress).toMatchObject({
      ingressClassName: 'traefik',
      hosts: ['grafana.lab.example.net'],
      tls: [{ hosts: ['grafana.lab.example.net'] }],
    });
  });
});

describe('Loki', () => {
  test('deletes by age, in the schema that OTLP needs', () => {
    const { loki } = withFacts({ loki: volume }).values('loki');
    expect(loki.limits_config).toMatchObject({ retention_period: '7d', allow_structured_metadata: true });
    expect(loki.compactor).toMatchObject({ retention_enabled: true, delete_request_store: 'filesystem' });
    expect(loki.schemaConfig.configs).toEqual([
      expect.objectContaining({
        store: 'tsdb',
        object_store: 'filesystem',
        schema: 'v13',
        index: expect.objectContaining({ period: '24h' }),
      }),
    ]);
  });

  test('keeps logs in a bucket outside, whose keys come as variables', () => {
    const made = withFacts({ loki: { ...volume, objects: { ...r2, bucket: 'logs' } } });
    const { loki, singleBinary } = made.values('loki');
    expect(made.problems).toEqual([]);
    expect(loki.storage).toEqual({
      type: 's3',
      bucketNames: { chunks: 'logs', ruler: 'logs' },
      s3: { endpoint: 'account.r2.cloudflarestorage.com', region: 'auto', insecure: false, s3ForcePathStyle: false },
    });
    expect(singleBinary.extraEnvFrom).toEqual([{ secretRef: { name: 'objects-logs' } }]);
    expect(made.declared.flatMap(({ sealed }) => sealed ?? [])).toContainEqual(
      expect.objectContaining({
        namespace: 'loki',
        name: 'objects-logs',
        keys: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
      }),
    );
  });

  test('keeps logs in a store of the cluster, which lets it in and has its keys there', () => {
    expect(values('loki').loki.storage.s3).toMatchObject({
      endpoint: 'minio.lab.svc:9000',
      insecure: true,
      s3ForcePathStyle: true,
    });
    const { ingress } = live.find('NetworkPolicy', 'lab', 'minio').spec;
    expect(JSON.stringify(ingress)).toContain('"kubernetes.io/metadata.name":"loki"');
    const keys = live.declared.flatMap(({ sealed }) => (sealed?.name === 'minio-logs' ? sealed.namespace : []));
    expect(keys).toEqual(['lab', 'loki']);
  });

  test('a store of the cluster has to be rendered before, and give its keys', () => {
    const objects = { store: 'lab/minio', bucket: 'logs' };
    expect(withFacts({ loki: { ...volume, objects } }).problems).toEqual([
      'loki: objects.store: no object store lab/minio is rendered yet',
    ]);
    const facts = { ...basic, tempo: { ...traces, objects } };
    expect(rendered({ ...lab, otlp: undefined, systems: [stores, platform(facts)] } as Environment).problems).toContain(
      'objects: Secret minio-logs is not in tempo, pods read Secrets of their own namespace only',
    );
  });

  test.each(['24h', '0d', 'a week'])('refuses to keep logs for %s', (retention) => {
    expect(withFacts({ loki: { ...volume, retention } }).problems).toEqual([
      `loki.retention: "${retention}" is no number of whole days, which Loki deletes by`,
    ]);
  });
});

test.each(['7d', '72', '0h', ''])('Tempo is refused to keep traces for %s', (retention) => {
  expect(withFacts({ tempo: { ...traces, retention } }).problems).toEqual([
    `tempo.retention: "${retention}" is no time that Tempo reads, which has no days`,
  ]);
});

describe('logs', () => {
  test('are read through the API server: no folder of a machine, no right but to pods and what they print', () => {
    const { alloy, controller, rbac } = values('alloy');
    expect(JSON.stringify(controller)).not.toContain('hostPath');
    expect(alloy.mounts.extra).toEqual([{ name: 'state', mountPath: '/var/lib/alloy' }]);
    const granted = [...rbac.rules, ...rbac.clusterRules];
    expect(granted.flatMap(({ resources }: Plain) => resources).sort()).toEqual(['namespaces', 'pods', 'pods/log']);
    expect(new Set(granted.flatMap(({ verbs }: Plain) => verbs))).toEqual(new Set(['get', 'list', 'watch']));
    expect(alloy.configMap.content).toContain('loki.source.kubernetes "pods"');
    expect(alloy.configMap.content).toContain('url = "http://loki.loki.svc:3100/loki/api/v1/push"');
  });

  test('every component that the pipeline names is there, and its braces close', () => {
    const { content } = values('alloy').alloy.configMap;
    const made = [...content.matchAll(/^([a-z_.]+) "(\w+)" \{/gm)].map(([, type, label]) => `${type}.${label}`);
    const named = [...content.matchAll(/(?:targets|forward_to)\s*= \[?([a-z_.]+)\.(?:targets|output|receiver)/g)].map(
      ([, component]) => component,
    );
    expect(named).toHaveLength(4);
    expect(named.filter((name) => !made.includes(name!))).toEqual([]);
    expect(content.split('{').length).toBe(content.split('}').length);
  });

  test('need Loki', () => {
    expect(withFacts({ logs: true }).problems).toEqual(['platform: logs sends to loki, which is not there']);
  });
});

describe('the collector', () => {
  const { alternateConfig, resources } = values('opentelemetry-collector');
  const { pipelines } = alternateConfig.service;

  test('has the size of the plan, and a memory limit that leaves room, looked at first', () => {
    expect(resources).toEqual({ requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '1', memory: '512Mi' } });
    const { memory_limiter } = alternateConfig.processors;
    expect(memory_limiter).toEqual({ check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 25 });
    for (const { processors } of Object.values<Plain>(pipelines)) {
      expect(processors[0]).toBe('memory_limiter');
      expect(processors.at(-1)).toBe('batch');
    }
  });

  test('every component of its pipelines is defined, and every one defined is used', () => {
    for (const kind of ['receivers', 'processors', 'exporters']) {
      const used = new Set(Object.values<Plain>(pipelines).flatMap((pipeline) => pipeline[kind]));
      const defined = Object.keys(alternateConfig[kind]).filter((name) => name !== 'debug');
      expect([...used].filter((name) => !(name in alternateConfig[kind]))).toEqual([]);
      expect(defined.filter((name) => !used.has(name))).toEqual([]);
    }
  });

  test('serves its own counters by the names that alerts and dashboards ask for: the Collector leaves _total out by default', () => {
    const [{ pull }] = alternateConfig.service.telemetry.metrics.readers;
    expect(pull.exporter.prometheus).toMatchObject({ without_type_suffix: false, without_units: false });
    const asked = JSON.stringify(collectorAlerts).match(/otelcol_(receiver|exporter)_\w+/g)!;
    expect(asked.filter((name) => !name.endsWith('_total'))).toEqual([]);
  });

  test('sends logs to Loki and metrics to Prometheus by OTLP, and one trace in ten to Tempo', () => {
    const { exporters, processors } = alternateConfig;
    expect(exporters['otlp_http/loki'].endpoint).toBe('http://loki.loki.svc:3100/otlp');
    expect(exporters['otlp_http/prometheus'].endpoint).toMatch(
      /kube-prometheus-stack-prometheus.monitoring.svc:9090\/api\/v1\/otlp$/,
    );
    expect(exporters['otlp_grpc/traces'].endpoint).toBe('http://tempo.tempo.svc:4317');
    expect(processors.probabilistic_sampler).toEqual({ sampling_percentage: 10 });
    expect(pipelines.traces.processors).toContain('probabilistic_sampler');
    expect(pipelines.logs.processors).not.toContain('probabilistic_sampler');
  });

  test('has a pipeline of traces before there is anybody to take them, and another receiver is one fact', () => {
    const traces = (facts: PlatformFacts['collector']) => {
      const config = withFacts({ loki: volume, collector: facts }).values('opentelemetry-collector').alternateConfig;
      return [config.service.pipelines.traces.exporters, config.exporters['otlp_grpc/traces']?.endpoint];
    };
    expect(traces({})).toEqual([['debug'], undefined]);
    const endpoint = 'http://jaeger.tracing.svc:4317';
    expect(traces({ traces: { endpoint } })).toEqual([['otlp_grpc/traces'], endpoint]);
  });

  test('listens to its pod, where the environment says it is', () => {
    expect(alternateConfig.receivers.otlp.protocols.grpc.endpoint).toBe('${env:MY_POD_IP}:4317');
    expect(lab.otlp).toBe(collectorOtlp);
    expect(collectorOtlp.endpoint).toBe('http://opentelemetry-collector.opentelemetry-collector.svc:4317');
    const { data } = live.find('ConfigMap', 'lab', 'ledger');
    expect(data.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(collectorOtlp.endpoint);
  });

  test('is one switch: without it, its clients are off', () => {
    const system = platform({ ...basic });
    const { find } = rendered({ ...lab, otlp: undefined, systems: [stores, system] } as Environment);
    expect(find('ConfigMap', 'lab', 'ledger').data).toEqual(expect.objectContaining({ OTEL_SDK_DISABLED: 'true' }));
  });

  test.each<[string, Partial<PlatformFacts>, Partial<Environment>, string]>([
    ['no Loki', { collector: {} }, {}, 'platform: collector sends to loki, which is not there'],
    [
      'no Tempo',
      { collector: { logs: false, traces: 'tempo' } },
      {},
      'platform: collector sends to tempo, which is not there',
    ],
    [
      'clients without it',
      {},
      { otlp: collectorOtlp },
      'platform: otlp of the environment sends to collector, which is not there',
    ],
    [
      'clients without Tempo',
      {},
      { otlp: tempoOtlp },
      'platform: otlp of the environment sends to tempo, which is not there',
    ],
    [
      'no sampling',
      { collector: { logs: false, sampling: 0 } },
      {},
      'collector.sampling: 0 is no percentage of traces',
    ],
  ])('refuses %s', (_, facts, changes, problem) => {
    expect(withFacts(facts, changes).problems).toEqual([problem]);
  });
});

describe('Tempo', () => {
  test('keeps traces on its volume or in a bucket', () => {
    const { tempo, persistence } = withFacts({ tempo: { retention: '72h', storage: '5Gi' } }).values('tempo');
    expect(tempo).toMatchObject({ retention: '72h', storage: { trace: { backend: 'local' } } });
    expect(persistence).toEqual({ enabled: true, size: '5Gi' });
    expect(values('tempo').tempo.storage.trace).toMatchObject({
      backend: 's3',
      s3: { bucket: 'traces', endpoint: 'minio.lab.svc:9000', insecure: true, forcepathstyle: true },
    });
    expect(values('tempo').tempo.extraEnvFrom).toEqual([{ secretRef: { name: 'minio-traces' } }]);
  });
});

describe('Velero', () => {
  const objects = { ...r2, bucket: 'cluster' };

  test('backs up daily at two, for thirty days', () => {
    const { spec } = live.find('Schedule', 'velero', 'daily');
    expect(spec).toMatchObject({ schedule: '0 2 * * *', template: { ttl: '720h', includedNamespaces: ['*'] } });
  });

  test('reads only volumes that ask for it: no store does, no snapshot is taken', () => {
    const { configuration, snapshotsEnabled, deployNodeAgent } = values('velero');
    expect(deployNodeAgent).toBe(true);
    expect(snapshotsEnabled).toBe(false);
    expect(configuration).toMatchObject({
      defaultVolumesToFsBackup: false,
      uploaderType: 'kopia',
      volumeSnapshotLocation: [],
    });
    const asking = live.objects.filter(
      ({ spec }) => spec?.template?.metadata?.annotations?.['backup.velero.io/backup-volumes'],
    );
    expect(asking).toEqual([]);
  });

  test('makes a class whose volumes it can read whoever installed local-path: a hostPath it skips', () => {
    const local = live.objects.find(({ kind, metadata }) => kind === 'StorageClass' && metadata.name === 'local');
    expect(local).toMatchObject({
      metadata: { annotations: { defaultVolumeType: 'local' } },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    const { objects: without } = withFacts({ velero: { objects } });
    expect(without.filter(({ kind }) => kind === 'StorageClass')).toEqual([]);
  });

  test('speaks to stores that know fewer checksums than AWS', () => {
    const [location] = values('velero').configuration.backupStorageLocation;
    expect(location).toMatchObject({
      default: true,
      provider: 'aws',
      config: { checksumAlgorithm: '', s3ForcePathStyle: 'false' },
    });
  });

  test.each([
    [{ hour: 24 }, 'velero.hour: 24 is no hour of a day'],
    [{ ttl: '30d' }, 'velero.ttl: "30d" is no number of hours'],
  ])('refuses %j', (facts, problem) => {
    expect(withFacts({ velero: { objects, ...facts } }).problems).toEqual([problem]);
  });
});

test('Trivy scans without pods that read machines', () => {
  expect(values('trivy-operator', 'trivy-system').operator).toMatchObject({
    infraAssessmentScannerEnabled: false,
    clusterComplianceEnabled: false,
    builtInTrivyServer: true,
  });
});

describe('External Secrets', () => {
  const vault = { server: 'http://vault.security.svc:8200' };
  const secrets = { kind: 'external', store: { kind: 'ClusterSecretStore', name: 'vault' } } as const;

  test('brings the store that the environment names, which logs in as its own ServiceAccount', () => {
    const made = withFacts({ externalSecrets: { vault } }, { secrets });
    expect(made.problems).toEqual([]);
    const store = made.objects.find(({ kind }) => kind === 'ClusterSecretStore')!;
    expect(store.metadata.name).toBe('vault');
    expect(store.spec.provider.vault).toEqual({
      server: vault.server,
      path: 'secret',
      version: 'v2',
      auth: {
        kubernetes: {
          mountPath: 'kubernetes',
          role: 'external-secrets',
          serviceAccountRef: { name: 'external-secrets', namespace: 'external-secrets' },
        },
      },
    });
  });

  test('refuses a store that nobody reads from', () => {
    expect(withFacts({ externalSecrets: { vault } }).problems).toEqual([
      'externalSecrets.vault: the environment reads no secret from a ClusterSecretStore, nobody would use it',
    ]);
  });
});

describe('Traefik', () => {
  test('has a load balancer, and sees whose request it is', () => {
    expect(values('traefik').service.spec).toEqual({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
  });

  test('keeps its own label service, which dashboards ask for, when it is scraped', () => {
    expect(values('traefik').metrics.prometheus.serviceMonitor).toEqual({ enabled: true, honorLabels: true });
  });

  test('has ports of every node instead, each with a pod behind it, and believes the proxy in front', () => {
    const nodePorts = { web: 30080, websecure: 30443, proxies: ['192.168.20.0/24'] };
    const { service, ports, deployment } = withFacts({ traefik: { nodePorts } }).values('traefik');
    expect(deployment.kind).toBe('DaemonSet');
    expect(service.spec).toEqual({ type: 'NodePort', externalTrafficPolicy: 'Local' });
    const trusted = { proxyProtocol: { trustedIPs: ['192.168.20.0/24'] } };
    expect(ports).toMatchObject({ web: { nodePort: 30080, ...trusted }, websecure: { nodePort: 30443, ...trusted } });
  });
});

describe('Harbor', () => {
  const facts = { host: 'registry.lab.example.net', storage: '50Gi', backups: { ...r2, bucket: 'registry' } };
  const made = withFacts({ harbor: facts });
  const { database, existingSecretAdminPassword, ...rest } = made.values('harbor');

  test('runs where its images do', () => {
    expect(made.problems).toEqual([]);
    const { portal, core, jobservice, registry, exporter, redis } = rest;
    for (const { nodeSelector } of [portal, core, jobservice, registry, exporter, redis.internal]) {
      expect(nodeSelector).toEqual({ 'kubernetes.io/arch': 'amd64' });
    }
    const nodes = lab.nodes.filter(({ arch }) => arch === 'arm64');
    expect(withFacts({ harbor: facts }, { nodes }).problems).toEqual([
      'harbor: no node is amd64, and its images are for no other',
    ]);
  });

  test('has a database of its own, backed up, whose password no value holds, and that lets only Harbor in', () => {
    expect(database).toMatchObject({
      type: 'external',
      external: { host: 'harbor-db.harbor.svc', username: 'registry', existingSecret: 'harbor-db-registry' },
    });
    expect(existingSecretAdminPassword).toBe('harbor-admin');
    expect(made.find('CronJob', 'harbor', 'harbor-db-backup')).toBeDefined();
    const { ingress } = made.find('NetworkPolicy', 'harbor', 'harbor-db').spec;
    const clients = ingress.filter(({ ports }: Plain) => ports.some(({ port }: Plain) => port === 5432));
    expect(JSON.stringify(clients)).toContain('{"app":"harbor"}');
  });

  test('uses the values under which its chart finds no password of its own', () => {
    expect(rest).toMatchObject({
      existingSecretSecretKey: 'harbor-key',
      registry: { credentials: { existingSecret: 'harbor-registry' } },
      redis: { internal: {} },
      trivy: { enabled: false },
    });
  });
});

test('metrics-server is there for clusters that bring none', () => {
  expect(withFacts({ metricsServer: true }).values('metrics-server')).toMatchObject({ replicas: 2 });
});
