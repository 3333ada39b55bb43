import { describe, expect, test } from '@jest/globals';
import studio, { studioWith } from '../../charts/environments/studio.ts';
import { services } from '../../charts/notifi/services.ts';
import type { Entry } from '../../charts/notifi/table.ts';
import { quantity } from '../../imports/quantity.ts';
import { knownFit } from '../../synth/check/fit.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Plain, rendered } from './environment.ts';

// Each test pins one fault of the plan that this system was built from, or one promise it makes.

const { objects, declared, find, problems } = rendered(studio);
const { findings, files } = synthesize(studio, new Map());
const ofKind = (kind: string, namespace?: string): readonly Plain[] =>
  objects.filter(({ kind: of, metadata }) => of === kind && (namespace ?? metadata.namespace) === metadata.namespace);
const name = ({ metadata }: Plain): string => metadata.name;
const text = JSON.stringify(objects);
const ours = ['notifi', 'data-services', 'messaging', 'kafka'];
const sealed = declared.flatMap((relation) => relation.sealed ?? []);

/** Templates of everything that makes pods in our namespaces. */
const templates = objects
  .filter(({ metadata }) => ours.includes(metadata.namespace ?? ''))
  .flatMap(({ kind, spec }): Plain[] => (kind === 'CronJob' ? [spec.jobTemplate.spec.template] : [spec?.template]))
  .filter((template) => template?.spec?.containers);
const containers = templates.flatMap(({ spec }) => [...spec.containers, ...(spec.initContainers ?? [])]);
const values = (namespace: string, release: string) => find('HelmRelease', namespace, release).spec.values;
const config = (namespace: string, map: string): Record<string, string> => find('ConfigMap', namespace, map).data;
const scripts = (namespace: string, map: string) => Object.values(config(namespace, `${map}-files`)).join('\n');

test('renders without a refusal, and no rule finds an error', () => {
  expect(problems).toEqual([]);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

describe('Harbor', () => {
  const environment = studioWith({ harbor: true });
  const on = rendered(environment);
  const { index, findings: found } = synthesize(environment, new Map());

  test('is one switch: off it is not there, on every rule passes, and what was there stays as it is', () => {
    expect(text).not.toContain('harbor');
    // Secrets that are not sealed yet, as without it.
    expect(found.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule)).toEqual(['sealed-secret']);
    expect(found.filter(({ rule }) => rule === 'advice').map(({ fix }) => fix)).toEqual([
      'accepted: the bucket is copied to the NAS every night',
    ]);
    const known = new Set(on.objects.map((object) => JSON.stringify(object)));
    const changed = objects.filter((object) => !known.has(JSON.stringify(object)));
    // The store makes a bucket more, and lets its dump in; the quota counts its Jobs. Flux speaks of another namespace.
    expect([...new Set(changed.map(({ metadata }) => metadata.namespace))]).toEqual(['data-services', 'flux-system']);
  });

  test('fits on the amd64 nodes, also without either of them and while everything is rolled out', () => {
    const { scenarios, residents } = knownFit(index)!;
    const full = scenarios.filter(({ homeless }) => homeless.length).map(({ name: situation }) => situation);
    // With or without it, not all services are at their most at once.
    expect(full).toEqual(['every autoscaler at its most']);
    const pods = residents.filter(({ name: of }) => of.startsWith('pods harbor/'));
    expect(pods).toHaveLength(6);
    for (const { seats } of scenarios) {
      for (const { machine, residents: here } of seats) {
        expect(machine.arch === 'amd64' || !pods.some((pod) => here.has(pod))).toBe(true);
      }
    }
  });

  test('dumps its database to a bucket of its own, which is copied to the NAS', () => {
    expect(on.find('CronJob', 'harbor', 'harbor-db-backup')).toBeDefined();
    expect(on.find('CronJob', 'data-services', 'harbor-backups-copy')).toBeDefined();
  });
});

describe('services', () => {
  const entries = Object.entries<Entry>(services);

  test('are 37, the 8 of the plan and 29 that are assumed, in its five categories', () => {
    const described = entries.filter(([, { assumed }]) => !assumed).map(([service]) => service);
    expect(entries).toHaveLength(37);
    expect(described.sort()).toEqual([
      ...['dataplane-gateway', 'event-processor', 'evm-proxy', 'management-gateway'],
      ...['sms-messenger', 'solana-proxy', 'telegram-messenger', 'webhook-sender'],
    ]);
    expect(new Set(entries.map(([, { category }]) => category)).size).toBe(5);
  });

  test('are rendered, every one, under its name, with its image and one file', () => {
    const made = [
      ...ofKind('Deployment', 'notifi'),
      ...ofKind('Service', 'notifi').filter(({ spec }) => spec.template),
    ];
    expect(made.map(name).sort()).toEqual(entries.map(([service]) => service).sort());
    for (const [service] of entries) expect([...files.keys()]).toContain(`studio/notifi/${service}.yaml`);
  });

  test('have metrics that Prometheus finds, and telemetry that may leave', () => {
    const monitored = [...ofKind('ServiceMonitor', 'notifi'), ...ofKind('PodMonitor', 'notifi')].map(name);
    for (const [service] of entries) {
      expect(monitored).toContain(service);
      expect(config('notifi', service)).toMatchObject({ OTEL_SERVICE_NAME: service });
      const egress = JSON.stringify(find('NetworkPolicy', 'notifi', service).spec.egress);
      expect(egress).toContain('opentelemetry-collector');
    }
  });

  test('read what a provider gave, each its own: RPC addresses with their keys, and an account for push', () => {
    const keys = Object.fromEntries(sealed.map(({ name: secret, keys: of }) => [secret, of]));
    expect(keys).toMatchObject({
      'evm-proxy-credentials': ['ETH_RPC_URL'],
      'sms-messenger-credentials': ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'],
      'push-messenger-credentials': ['service-account.json'],
    });
    expect(text).not.toMatch(/fcm-server-key|YOUR_KEY|alchemy\.com\/v2/);
  });
});

test('1: PostgreSQL is one cluster, run by Patroni, and the Service leads to whom it labels as leader', () => {
  const { spec } = find('StatefulSet', 'data-services', 'postgresql');
  const [server] = spec.template.spec.containers;
  const env = { ...config('data-services', 'postgresql') };
  expect(server.image).toMatch(/spilo/);
  expect(spec.replicas).toBe(3);
  expect(find('Service', 'data-services', 'postgresql').spec.selector.role).toBe(env['KUBERNETES_LEADER_LABEL_VALUE']);
  expect(env['KUBERNETES_ROLE_LABEL']).toBe('role');
  expect(ofKind('Service', 'data-services').map(name)).not.toContain(env['SCOPE']);
  expect(spec.template.metadata.labels[env['KUBERNETES_SCOPE_LABEL']!]).toBe(env['SCOPE']);
  expect(JSON.stringify(find('Role', 'data-services', 'postgresql').rules)).toContain('"patch"');
});

test('2: MongoDB asks for passwords, has three members with data, and stands where it can run', () => {
  const { spec } = find('StatefulSet', 'data-services', 'mongodb');
  expect(text).not.toMatch(/MONGO_INITDB|arbiterOnly/);
  expect(scripts('data-services', 'mongodb')).toMatch(/keyFile/);
  expect(spec.replicas).toBe(3);
  const affinity = JSON.stringify(spec.template.spec.affinity.nodeAffinity);
  expect(affinity).toContain('capability/mongodb');
  expect(spec.serviceName).toBe('mongodb-headless');
  expect(JSON.stringify(spec.template.spec.initContainers ?? [])).not.toContain('rs.initiate');
});

test('3: Redis replicates, asks for a password, keeps its configuration where it can be written, and no client is bound to a member', () => {
  const start = scripts('data-services', 'redis');
  expect(start).toMatch(/replicaof/);
  expect(start).toMatch(/requirepass/);
  const [, most] = /maxmemory (\d+)/.exec(start)!;
  const limit = quantity(
    find('StatefulSet', 'data-services', 'redis').spec.template.spec.containers[0].resources.limits.memory,
  )!;
  expect(Number(most)).toBeLessThanOrEqual(0.75 * limit);
  const clients = JSON.stringify(containers.map(({ env }) => env));
  expect(clients).toContain('@redis.data-services.svc');
  expect(clients).not.toContain('redis-0.');
});

describe('5: backups', () => {
  const backups = ofKind('CronJob', 'data-services').filter((job) => name(job).endsWith('-backup'));

  test('fail when a step fails, and say so when they do not succeed', () => {
    expect(backups.map(name).sort()).toEqual(['mongodb-backup', 'postgresql-backup', 'redis-backup']);
    const alerts = ofKind('PrometheusRule', 'data-services').flatMap(({ spec }) => spec.groups[0].rules);
    for (const job of backups) {
      expect(scripts('data-services', `${name(job)}-dump`)).toContain('set -euo pipefail');
      const overdue = alerts.filter(({ expr }) => expr.includes(`cronjob="${name(job)}"`));
      expect(overdue).not.toEqual([]);
    }
  });

  test('go to a bucket that somebody makes, and out of the cluster, and are kept for 30 days', () => {
    const buckets = config('data-services', 'minio-buckets');
    const made = JSON.stringify([buckets, find('ConfigMap', 'data-services', 'minio-buckets-files')]) + text;
    for (const bucket of ['velero-backups', 'tempo-traces', 'database-backups', 'loki-chunks', 'notifi-production'])
      expect(made).toContain(bucket);
    for (const job of backups) {
      const maps = ofKind('ConfigMap', 'data-services').filter((map) => name(map).startsWith(name(job)));
      const data = maps.filter((map) => !name(map).includes('restore')).map((map) => map.data);
      const targets = data.flatMap(({ TARGET }) => TARGET ?? []).sort();
      expect(targets).toEqual([
        `:s3:database-backups/${name(job).replace('-backup', '')}`,
        `:sftp:/volume1/notifi/${name(job).replace('-backup', '')}`,
      ]);
      for (const { KEEP } of data.filter((map) => map.TARGET)) expect(KEEP).toBe('30d');
    }
  });

  test('by Velero are of what it can read, and reach the NAS too', () => {
    expect(find('Schedule', 'velero', 'daily').spec).toMatchObject({
      schedule: expect.stringMatching(/^0 2 /),
      template: { ttl: '720h' },
    });
    const readable = objects.find(
      ({ kind, metadata }) => kind === 'StorageClass' && metadata.name === 'local-path-readable',
    );
    expect(readable!.metadata.annotations).toMatchObject({ defaultVolumeType: 'local' });
    expect(config('data-services', 'velero-backups-copy')).toMatchObject({
      TARGET: ':sftp:/volume1/notifi/velero-backups',
    });
  });
});

test('no budget of Knative keeps a node from being drained: the manifests ask for 80 % of two pods', () => {
  const budgets = ['KnativeServing', 'KnativeEventing'].flatMap((kind) => {
    const [{ spec }] = objects.filter((object) => object.kind === kind);
    expect(spec['high-availability'].replicas).toBe(2);
    return spec.podDisruptionBudgets;
  });
  // As cmd/operator/kodata of the operator's version has them.
  const named = ['activator-pdb', 'webhook-pdb', '3scale-kourier-gateway-pdb', 'eventing-webhook'];
  expect(budgets).toEqual(named.map((budget) => ({ name: budget, maxUnavailable: 1 })));
});

test('7: what brokers acknowledge is on a majority of them', () => {
  const { config: kafka } = find('Kafka', 'kafka', 'notifi-kafka').spec.kafka;
  expect(kafka).toMatchObject({
    'default.replication.factor': 3,
    'min.insync.replicas': 2,
    'transaction.state.log.min.isr': 2,
    'offsets.topic.replication.factor': 3,
  });
  expect(find('KafkaNodePool', 'kafka', 'notifi-kafka').spec.replicas).toBe(3);
  const { spec } = find('RabbitmqCluster', 'messaging', 'notifi-rabbitmq');
  expect(spec.rabbitmq?.additionalConfig).toBeUndefined();
  expect(spec.resources.requests.memory).toBe(spec.resources.limits.memory);
  expect(new Set(ofKind('Queue', 'messaging').map((queue) => queue.spec.type))).toEqual(new Set(['quorum']));
});

describe('8: machines', () => {
  const handbook = studio.handbook(studio, objects);

  test('keep the kubeconfig to root, the node ports where they are, and the API in the LAN', () => {
    const server = handbook['studio/k3s/pi-node-1.yaml']!;
    expect(server).toContain('write-kubeconfig-mode: "0600"');
    expect(server).toContain('node-role.kubernetes.io/control-plane:NoSchedule');
    expect(Object.values(handbook).join('')).not.toMatch(
      /service-node-port-range|kubeconfig-mode: "?0?644|node-role.kubernetes.io\/master/,
    );
    expect(handbook['studio/nftables.conf']).toMatch(/192\.168\.1\.0\/24 } tcp dport { 22, 6443 }/);
  });

  test('publish node ports of the usual range alone', () => {
    const { ports } = values('traefik', 'traefik');
    expect([ports.web.nodePort, ports.websecure.nodePort]).toEqual([30080, 30443]);
    const published = ofKind('Service').filter(({ spec }) => spec.type === 'NodePort' || spec.type === 'LoadBalancer');
    expect(published).toEqual([]);
    expect(JSON.stringify(templates)).not.toContain('"hostPort"');
  });
});

test('9: Kafka has no ZooKeeper, and the API version that the operator serves', () => {
  const kinds = objects.filter(({ apiVersion }) => apiVersion.startsWith('kafka.strimzi.io/'));
  expect(new Set(kinds.map(({ apiVersion }) => apiVersion))).toEqual(new Set(['kafka.strimzi.io/v1']));
  const { spec } = find('Kafka', 'kafka', 'notifi-kafka');
  expect(spec.zookeeper ?? spec.kafka.replicas ?? spec.kafka.storage).toBeUndefined();
  expect(spec.kafka.config['inter.broker.protocol.version']).toBeUndefined();
  expect(find('KafkaNodePool', 'kafka', 'notifi-kafka').spec.roles).toEqual(['controller', 'broker']);
});

describe('10: Knative', () => {
  test('is there, with a network in front, before the workers', () => {
    expect(find('KnativeServing', 'knative-serving', 'knative-serving').spec.ingress.kourier.enabled).toBe(true);
    expect(ofKind('KnativeEventing')).toHaveLength(1);
  });

  test('allows what its workers say of their pods and it refuses by default, such as their priority', () => {
    const features = find('KnativeServing', 'knative-serving', 'knative-serving').spec.config.features;
    const workers = ofKind('Service', 'notifi').filter(({ spec }) => spec.template);
    const optional = ['affinity', 'initContainers', 'nodeSelector', 'priorityClassName', 'tolerations'];
    const said = new Set(workers.flatMap(({ spec }) => Object.keys(spec.template.spec)));
    expect([...said]).toContain('priorityClassName');
    for (const field of optional.filter((each) => said.has(each))) {
      const feature = field === 'initContainers' ? 'init-containers' : field.toLowerCase();
      expect([field, features[`kubernetes.podspec-${feature}`]]).toEqual([field, 'enabled']);
    }
  });

  test('has a broker that is configured by what it reads, and dead letters that somebody takes', () => {
    const { spec, metadata } = find('Broker', 'notifi', 'notifi-broker');
    expect(metadata.annotations['eventing.knative.dev/broker.class']).toBe('RabbitMQBroker');
    expect(spec.config.kind).toBe('RabbitmqBrokerConfig');
    expect(spec.delivery).toMatchObject({ retry: 5, deadLetterSink: { ref: { name: 'dead-letter-processor' } } });
    const cluster = find('RabbitmqCluster', 'messaging', 'notifi-rabbitmq');
    expect(cluster.metadata.annotations['rabbitmq.com/topology-allowed-namespaces']).toBe('notifi');
  });

  test('delivers: every messenger that scales to nothing has a Trigger of its own kind of event', () => {
    const messengers = Object.entries<Entry>(services).filter(([, { worker }]) => worker?.on);
    const triggers = Object.fromEntries(
      ofKind('Trigger', 'notifi').map((trigger) => [name(trigger), trigger.spec.filter.attributes.type]),
    );
    expect(triggers).toEqual(Object.fromEntries(messengers.map(([messenger, { worker }]) => [messenger, worker!.on])));
    expect(messengers).toHaveLength(8);
  });

  test('scales as the plan has it', () => {
    const bounds = (service: string) => {
      const { annotations } = ofKind('Service', 'notifi').find((each) => each.spec.template && name(each) === service)!
        .spec.template.metadata;
      return [annotations['autoscaling.knative.dev/min-scale'], annotations['autoscaling.knative.dev/max-scale']];
    };
    expect(bounds('telegram-messenger')).toEqual(['0', '5']);
    expect(bounds('webhook-sender')).toEqual(['0', '10']);
    expect(bounds('solana-proxy')).toEqual(['1', '3']);
  });

  test('and RabbitMQ have the users that their clients log in as', () => {
    const [user] = ofKind('User', 'messaging');
    const imported = user.spec.importCredentialsSecret.name;
    const readers = sealed.filter(({ name: secret }) => secret === imported);
    expect(readers.map(({ namespace }) => namespace).sort()).toEqual(['messaging', 'notifi']);
    expect(readers[0]!.labels).toEqual({ 'rabbitmq.com/topology-operator': 'true' });
    const { env } = find('Deployment', 'notifi', 'event-processor').spec.template.spec.containers[0];
    expect(env.find((each: Plain) => each.name === 'RabbitMQ__Password').valueFrom.secretKeyRef.name).toBe(imported);
  });
});

describe('11: quotas', () => {
  const amount = (value: unknown) => quantity(`${value ?? 0}`)!;

  test.each(ours)('of %s hold what is rendered there, and turn no small container away', (namespace) => {
    const { hard } = find('ResourceQuota', namespace, 'quota').spec;
    const [limits] = find('LimitRange', namespace, 'limits').spec.limits;
    expect(limits.min).toBeUndefined();
    const own = templates.filter(({ metadata }) => metadata.labels['app.kubernetes.io/part-of'] === namespace);
    for (const { spec } of own) {
      for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])])
        expect(amount(resources.limits.memory)).toBeLessThanOrEqual(amount(limits.max.memory));
    }
    expect(amount(hard.pods)).toBeGreaterThan(0);
  });

  test('of notifi hold every autoscaler at its maximum, a rollout, and the proxies beside', () => {
    const most = (deployment: Plain) =>
      (ofKind('HorizontalPodAutoscaler', 'notifi').find((each) => name(each) === name(deployment))?.spec.maxReplicas ??
        deployment.spec.replicas) + 1;
    const sum = ofKind('Deployment', 'notifi').reduce((total, deployment) => {
      const [{ resources }] = deployment.spec.template.spec.containers;
      return total + most(deployment) * (amount(resources.requests.memory) + 32 * 2 ** 20);
    }, 0);
    expect(amount(find('ResourceQuota', 'notifi', 'quota').spec.hard['requests.memory'])).toBeGreaterThan(sum);
  });

  test('sum no CPU limits, which most containers do not have', () => {
    for (const { spec } of ofKind('ResourceQuota')) expect(Object.keys(spec.hard)).not.toContain('limits.cpu');
  });
});

describe('14: the mesh', () => {
  test('is asked for where the injector looks, and leaves Jobs to end', () => {
    for (const namespace of ours) {
      const { annotations } = objects.find(
        ({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace,
      )!.metadata;
      expect(annotations).toMatchObject({
        'linkerd.io/inject': 'enabled',
        'config.linkerd.io/proxy-enable-native-sidecar': 'true',
        'config.linkerd.io/proxy-cpu-request': expect.any(String),
      });
    }
    for (const { metadata } of ofKind('Deployment'))
      expect(metadata.annotations ?? {}).not.toHaveProperty(['linkerd.io/inject']);
  });

  test('lets declared callers in by name, gRPC too', () => {
    const grpc = find('Server', 'notifi', 'identity-service-5001');
    expect(grpc.apiVersion).toBe('policy.linkerd.io/v1beta3');
    const [reference] = find('AuthorizationPolicy', 'notifi', 'identity-service-5001').spec.requiredAuthenticationRefs;
    const callers = find(reference.kind, 'notifi', reference.name).spec.identityRefs.map((each: Plain) => each.name);
    expect(callers.sort()).toEqual(['dataplane-gateway', 'management-gateway', 'websocket-gateway']);
  });

  test('is opened to on its own port', () => {
    const ingress = find('NetworkPolicy', 'data-services', 'postgresql').spec.ingress;
    const fromNotifi = ingress.filter((rule: Plain) => JSON.stringify(rule.from).includes('management-gateway'));
    expect(fromNotifi.flatMap((rule: Plain) => rule.ports.map(({ port }: Plain) => port))).toEqual([4143, 5432]);
  });

  test('has an issuer that is renewed by itself', () => {
    const identity = find('Certificate', 'linkerd', 'linkerd-identity-issuer');
    expect(identity.spec.renewBefore).toBeDefined();
  });
});

describe('17: nothing is missing', () => {
  test('every Secret that a pod reads is declared, with its keys, in its namespace', () => {
    expect(findings.filter(({ rule }) => rule.startsWith('missing-'))).toEqual([]);
  });

  test('namespaces come first, and each once', () => {
    const namespaces = ofKind('Namespace').map(name);
    expect(new Set(namespaces).size).toBe(namespaces.length);
    const folder = [...files.keys()].filter((path) => path.startsWith('studio/namespaces/'));
    for (const namespace of ours) expect(folder).toContain(`studio/namespaces/${namespace}.yaml`);
  });

  test('own images are pulled by a Secret that somebody makes', () => {
    expect(
      sealed
        .filter(({ name: secret }) => secret === 'registry')
        .map(({ namespace }) => namespace)
        .sort(),
    ).toEqual(['flux-system', 'notifi']);
    expect(values('sealed-secrets', 'sealed-secrets').fullnameOverride).toBe('sealed-secrets-controller');
  });
});

test('18: no image or chart that is gone, and none that is not pinned', () => {
  const images = containers
    .map(({ image }) => image)
    .concat(find('RabbitmqCluster', 'messaging', 'notifi-rabbitmq').spec.image);
  expect(images.filter((image) => /:latest$|^[^:]*$|bitnami\/|gcr\.io\/google/.test(image))).toEqual([]);
  const releases = ofKind('HelmRelease').map(name);
  for (const gone of ['loki-stack', 'promtail', 'ingress-nginx', 'grafana']) expect(releases).not.toContain(gone);
});

test('19: nothing that K3s brings is installed twice; Traefik is told what it understands', () => {
  expect(ofKind('HelmRelease').map(name)).not.toContain('metrics-server');
  expect(text).not.toContain('kubelet-insecure-tls');
  const traefik = values('traefik', 'traefik');
  expect(traefik.service.spec.type).toBe('NodePort');
  expect(traefik.service.type).toBeUndefined();
  expect(traefik.ingressRoute?.dashboard?.enabled).toBeUndefined();
  // Traffic to a node stays there, so that addresses are those of clients; the edge says who they are.
  expect(traefik.deployment.kind).toBe('DaemonSet');
  expect(traefik.service.spec.externalTrafficPolicy).toBe('Local');
  expect(traefik.ports.websecure.proxyProtocol.trustedIPs).toEqual(['192.168.1.10/32']);
});

test('20: policies select namespaces by the label that they have, let names be looked up, and members reach each other', () => {
  const policies = ofKind('NetworkPolicy');
  const selectors = [...JSON.stringify(policies).matchAll(/"namespaceSelector":\{"matchLabels":\{"([^"]+)"/g)];
  expect(new Set(selectors.map(([, label]) => label))).toEqual(new Set(['kubernetes.io/metadata.name']));
  const { spec } = find('NetworkPolicy', 'data-services', 'postgresql');
  expect(JSON.stringify(spec.egress)).toMatch(/"port":53,"protocol":"UDP"|"protocol":"UDP"/);
  const peers = spec.ingress.filter((rule: Plain) =>
    JSON.stringify(rule.from).includes('"app.kubernetes.io/name":"postgresql"}'),
  );
  expect(peers.flatMap((rule: Plain) => rule.ports.map(({ port }: Plain) => port))).toEqual(
    expect.arrayContaining([5432, 8008]),
  );
});

describe('21: the way in', () => {
  const paths = ofKind('Ingress', 'notifi').flatMap(({ spec }) => spec.rules[0].http.paths);

  test("is Traefik's by class, takes prefixes off, limits rates", () => {
    for (const { metadata, spec } of ofKind('Ingress')) {
      expect(spec.ingressClassName).toBe('traefik');
      expect(JSON.stringify(metadata.annotations)).not.toContain('nginx');
    }
    expect(find('Middleware', 'notifi', 'api-strip-prefix').spec.stripPrefix.prefixes).toEqual([
      '/management',
      '/dataplane',
      '/callbacks',
      '/sockets',
    ]);
    expect(find('Middleware', 'notifi', 'api-rate-limit').spec.rateLimit).toMatchObject({ average: 100 });
  });

  test('answers at the documented address of its health', () => {
    const [health] = paths.filter(({ path }) => path === '/health');
    expect(health.backend.service).toEqual({ name: 'management-gateway', port: { name: 'http' } });
    const [{ livenessProbe }] = find('Deployment', 'notifi', 'management-gateway').spec.template.spec.containers;
    expect(livenessProbe.httpGet.path).toBe('/health');
  });

  test('to pages for people asks who they are', () => {
    for (const [page, namespace] of [
      ['prometheus', 'monitoring'],
      ['linkerd', 'linkerd-viz'],
    ] as const) {
      const { annotations } = find('Ingress', namespace, page).metadata;
      expect(annotations['traefik.ingress.kubernetes.io/router.middlewares']).toContain(
        `${namespace}-${page}-login@kubernetescrd`,
      );
      const { basicAuth } = find('Middleware', namespace, `${page}-login`).spec;
      expect(sealed).toContainEqual(expect.objectContaining({ namespace, name: basicAuth.secret, keys: ['users'] }));
    }
    expect(find('Ingress', 'messaging', 'rabbitmq').spec.rules[0].host).toBe('rabbitmq.notifi.example.net');
  });
});

test('22: what scales has no number of its own, does not scale by memory, and fits into the connections of PostgreSQL', () => {
  const scaled = ofKind('HorizontalPodAutoscaler');
  expect(scaled.map(name)).toEqual(expect.arrayContaining(['dataplane-gateway', 'event-processor']));
  for (const { metadata, spec } of scaled) {
    expect(find('Deployment', metadata.namespace, metadata.name).spec.replicas).toBeUndefined();
    expect(spec.metrics.map((metric: Plain) => metric.resource.name)).toEqual(['cpu']);
  }
  const { behavior } = find('HorizontalPodAutoscaler', 'notifi', 'event-processor').spec;
  expect(behavior.scaleDown.policies).toEqual([{ type: 'Percent', value: 10, periodSeconds: 60 }]);
  expect(JSON.stringify(containers)).toContain('Maximum Pool Size=5');
});

test('23: drivers get the form that they read, and passwords that need no escaping', () => {
  const { env } = find('Deployment', 'notifi', 'management-gateway').spec.template.spec.containers[0];
  const value = (variable: string) => env.find((each: Plain) => each.name === variable).value;
  expect(value('ConnectionStrings__PostgreSQL')).toMatch(
    /^Host=postgresql\.data-services\.svc;Port=5432;Database=notifi;/,
  );
  expect(value('ConnectionStrings__Redis')).toMatch(/^redis\.data-services\.svc:\d+,password=\$\(/);
  const template = find('Deployment', 'notifi', 'template-renderer').spec.template.spec.containers[0].env;
  const mongodb = template.find((each: Plain) => each.name === 'ConnectionStrings__MongoDB').value;
  expect(mongodb).toMatch(/mongodb-0\..*,mongodb-1\..*,mongodb-2\..*replicaSet=.*authSource=admin/);
  expect(sealed.find(({ name: secret }) => secret === 'postgresql-admin')!.generate).toMatchObject({ superuser: 32 });
});

test('24: every monitor and rule counts, alerts see what is gone, dashboards are plain, and K3s has no targets that are never up', () => {
  const stack = values('monitoring', 'kube-prometheus-stack');
  for (const part of ['kubeEtcd', 'kubeScheduler', 'kubeControllerManager', 'kubeProxy'])
    expect(stack[part].enabled).toBe(false);
  const { prometheusSpec } = stack.prometheus;
  for (const selector of ['rule', 'serviceMonitor', 'podMonitor'])
    expect(prometheusSpec[`${selector}SelectorNilUsesHelmValues`]).toBe(false);
  expect(prometheusSpec).toMatchObject({ retention: '30d' });
  expect(JSON.stringify(prometheusSpec.storageSpec)).toContain('100Gi');
  const dashboards = ofKind('ConfigMap').filter(({ metadata }) => metadata.labels?.grafana_dashboard);
  expect(dashboards.length).toBeGreaterThanOrEqual(8);
  for (const { data } of dashboards) {
    for (const json of Object.values<string>(data))
      expect(JSON.parse(json)).toMatchObject({ title: expect.any(String) });
  }
  expect(JSON.stringify(find('StatefulSet', 'data-services', 'postgresql').spec.template.spec.containers)).toContain(
    'postgres-exporter',
  );
});

test('25: the collector turns senders away before the kernel kills it', () => {
  const { alternateConfig: collector } = values('opentelemetry-collector', 'opentelemetry-collector');
  expect(collector.processors.memory_limiter.limit_percentage).toBeLessThanOrEqual(80);
  for (const pipeline of Object.values<Plain>(collector.service.pipelines)) {
    expect(pipeline.processors[0]).toBe('memory_limiter');
    expect(pipeline.exporters).not.toEqual([]);
  }
  expect(JSON.stringify(collector)).not.toContain('"loki":');
});

describe('27: Flux', () => {
  const kustomizations = [...files]
    .filter(([path]) => /(infrastructure|apps)\.yaml$/.test(path))
    .map(([, yaml]) => yaml);

  test('reads the versions that it serves, and replaces nothing in scripts', () => {
    expect(kustomizations.join('\n')).not.toContain('postBuild');
    const versions = new Set(
      objects.filter(({ apiVersion }) => apiVersion.includes('fluxcd.io')).map(({ apiVersion }) => apiVersion),
    );
    expect([...versions].filter((version) => /v1beta[12]$|v2beta/.test(version))).toEqual([]);
  });

  test('keeps what holds data, and waits for operators before what they run', () => {
    const layer = (layerName: string) =>
      kustomizations.flatMap((yaml) => yaml.split(/^---$/m)).find((yaml) => yaml.includes(`\n  name: ${layerName}\n`))!;
    expect(layer('kafka-stores')).toContain('name: strimzi-controllers');
    expect(layer('messaging-stores')).toContain('name: rabbitmq-system-controllers');
    expect(layer('notifi')).toMatch(/name: data-services-stores[\s\S]*name: knative-/);
    expect(files.get('studio/namespaces/data-services.yaml')).toContain('kustomize.toolkit.fluxcd.io/prune: disabled');
  });
});

describe('28: every pod', () => {
  test('gets no variables of Services', () => {
    for (const { spec } of templates) expect(spec.enableServiceLinks).toBe(false);
  });

  test('of a store starts with the others, is found before it is ready, and stands apart from them', () => {
    for (const { metadata, spec } of ofKind('StatefulSet', 'data-services')) {
      expect(spec.podManagementPolicy).toBe('Parallel');
      expect(find('Service', metadata.namespace, spec.serviceName).spec.publishNotReadyAddresses).toBe(true);
      expect(spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).toHaveLength(
        1,
      );
    }
  });

  test('has a priority, and nodes no zone that is none', () => {
    for (const { spec } of templates.filter(({ spec }) => !spec.restartPolicy)) {
      expect(spec.priorityClassName).toMatch(/^notifi-/);
    }
    expect(JSON.stringify(studio.nodes)).not.toContain('topology.kubernetes.io/zone');
  });
});
