import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import vinyl from '../../charts/environments/vinyl.ts';
import { platform } from '../../charts/platform/platform.ts';
import { assumed } from '../../charts/vinylvault/assumed.ts';
import type { StageFacts } from '../../charts/vinylvault/facts.ts';
import { vinylVault } from '../../charts/vinylvault/vinylvault.ts';
import { podsOf } from '../../synth/check/policies.ts';
import { Network } from '../../synth/check/reach.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Plain, rendered } from './environment.ts';

// Each test pins one fault of the plan that this system was built from, or one promise it makes.

const live = rendered(vinyl);
const { findings, index } = synthesize(vinyl, new Map());
const { objects, find } = live;
const sealed = live.declared.flatMap((relation) => relation.sealed ?? []);
const stages = ['vinylvault-staging', 'vinylvault-production'];
const stores = ['mongodb-sessions', 'mongodb-registry'];
const ofKind = (kind: string): readonly Plain[] => objects.filter((object) => object.kind === kind);
const inStages = (kind: string) => ofKind(kind).filter(({ metadata }) => stages.includes(metadata.namespace));
const each = stages.flatMap((stage) => stores.map((store) => [stage, store] as const));
const server = (stage: string, store: string) => find('StatefulSet', stage, store);
const variables = (stage: string, name: string) => {
  const { env = [], envFrom = [] } = find('Deployment', stage, name).spec.template.spec.containers[0];
  const plain = envFrom.map(({ configMapRef }: Plain) => find('ConfigMap', stage, configMapRef.name).data);
  return Object.assign(
    {},
    ...plain,
    ...env.map(({ name: key, value, valueFrom }: Plain) => ({ [key]: value ?? valueFrom })),
  );
};

const stage: StageFacts = {
  host: 'vinyl.example.com',
  images: 'develop',
  stores: {
    bff: { size: { cpu: '250m', memory: '512Mi', memoryLimit: '1Gi' }, storage: '10Gi' },
    backend: { size: { cpu: '250m', memory: '512Mi', memoryLimit: '1Gi' }, storage: '10Gi' },
  },
  backups: { keep: { days: 7 }, storage: '50Gi' },
};
const facts = {
  email: 'a@example.com',
  alerts: { slack: { channel: '#a' } },
  monitoring: { retention: '7d', storage: '10Gi', dns: 'coreDns' },
  nfs: { server: '192.168.1.5', share: '/a', backups: '/b' },
} as const;
const errors = (changes: Record<string, StageFacts>) =>
  synthesize({ ...vinyl, systems: [platform(facts), vinylVault({ stages: changes })] }, new Map())
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);

test('renders without a refusal, and no rule finds an error', () => {
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('every guess is in the document that its owner reads, with the way to find out', () => {
  const text = readFileSync('docs/vinyl.md', 'utf8');
  for (const [name, { look }] of Object.entries(assumed)) {
    expect(text).toContain(`| ${name} |`);
    expect(text).toContain(look.replaceAll('|', '\\|'));
  }
});

describe('two stages of one description', () => {
  test('differ in their facts alone: one has what the other has', () => {
    const [staging, production] = stages.map((of) =>
      objects
        .filter(({ metadata }) => metadata.namespace === of)
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
        .sort(),
    );
    expect(staging).toEqual(production);
    expect(
      inStages('Ingress')
        .flatMap(({ spec }) => spec.tls[0].hosts)
        .filter((host, i, all) => all.indexOf(host) === i),
    ).toEqual(['vinylvault.antisozializer.org', 'vinylvault.loitzl.com']);
  });

  test("have the plan's sizes: what its table says per stage, not the other numbers in its text", () => {
    const size = ([of, store]: readonly [string, string]) => {
      const { template, volumeClaimTemplates } = server(of, store).spec;
      const { requests, limits } = template.spec.containers[0].resources;
      return [
        requests.cpu,
        limits.cpu,
        requests.memory,
        limits.memory,
        volumeClaimTemplates[0].spec.resources.requests.storage,
      ];
    };
    expect(each.map(size)).toEqual([
      ['250m', '1', '512Mi', '1Gi', '10Gi'],
      ['500m', '2', '1Gi', '2Gi', '50Gi'],
      ['500m', '2', '1Gi', '2Gi', '20Gi'],
      ['1', '4', '2Gi', '4Gi', '100Gi'],
    ]);
    for (const of of stages) {
      const memory = ['backend', 'bff', 'frontend'].map((name) => {
        const { requests, limits } = find('Deployment', of, name).spec.template.spec.containers[0].resources;
        return `${requests.memory} to ${limits.memory}`;
      });
      expect(memory).toEqual(['256Mi to 512Mi', '256Mi to 512Mi', '128Mi to 256Mi']);
    }
  });

  test('are closed to each other: no pod of one reaches a port of the other, and would be let in by it neither', () => {
    const network = new Network(index);
    const workloads = (of: string) => index.workloads.filter(({ namespace }) => namespace === of).map(podsOf);
    const [staging, production] = stages.map(workloads) as [ReturnType<typeof workloads>, ReturnType<typeof workloads>];
    expect(staging.length).toBeGreaterThanOrEqual(7);
    const through: string[] = [];
    for (const [from, to] of [
      [staging, production],
      [production, staging],
    ] as const) {
      for (const caller of from) {
        for (const called of to) {
          const ports = called.workload!.containers.flatMap((container) =>
            container.ports.map((port) => Number(port['containerPort'])),
          );
          for (const port of [...ports, 443]) {
            for (const [self, other, direction] of [
              [caller, called, 'egress'],
              [called, caller, 'ingress'],
            ] as const) {
              const by = network.isolating(self, direction);
              const lets = by.filter(
                (policy) => network.allowing(policy, direction, other, called, port, 'TCP').length,
              );
              if (!by.length || lets.length) through.push(`${direction} ${port} ${JSON.stringify(self.labels)}`);
            }
          }
        }
      }
    }
    expect(through).toEqual([]);
  });

  test('that share a host are refused', () => {
    expect(errors({ staging: stage, production: { ...stage, images: 'promotion' } })).toEqual([
      'spec.rules[0].host: vinyl.example.com/, vinyl.example.com/graphql, vinyl.example.com/auth are answered by Ingress vinylvault-staging/ingress too',
      'spec.rules[0].host: vinyl.example.com/webhooks/github is answered by Ingress vinylvault-staging/ingress-no-rate-limit too',
    ]);
  });
});

describe('storage', () => {
  const classOf = (name: string) => ofKind('StorageClass').find(({ metadata }) => metadata.name === name);

  test('members of MongoDB stand on disks of their nodes, and never on the NAS', () => {
    for (const [of, store] of each) {
      const { spec } = server(of, store);
      expect(spec.replicas).toBe(3);
      expect(spec.volumeClaimTemplates[0].spec.storageClassName).toBe('local-path');
      const [apart] = spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
      expect(apart.topologyKey).toBe('kubernetes.io/hostname');
    }
    const onNas = {
      ...vinyl.storageClasses,
      'local-path': { kind: 'shared', default: true, expandable: false },
    } as const;
    const refused = synthesize({ ...vinyl, storageClasses: onNas }, new Map()).findings.filter(
      ({ severity }) => severity === 'error',
    );
    // One message for each of the four stores.
    expect(refused.map(({ object, rule }) => `${rule} ${object}`).sort()).toEqual(
      each.map(([of, store]) => `replicas-on-shared-storage apps/v1 StatefulSet ${of}/${store}`).sort(),
    );
  });

  test("the class names its driver as that registers itself; the plan's would have waited for ever", () => {
    expect(classOf('nfs').provisioner).toBe('nfs.csi.k8s.io');
    expect(live.declared).toContainEqual(
      expect.objectContaining({ provides: { objects: [{ kind: 'CSIDriver', name: 'nfs.csi.k8s.io' }] } }),
    );
  });

  test('NFS is mounted hard, keeps what a claim leaves, and gives a new claim a folder of its own', () => {
    for (const name of ['nfs', 'nfs-backups']) {
      expect(classOf(name)).toMatchObject({
        mountOptions: ['hard', 'nfsvers=4.1', 'noatime'],
        parameters: { server: '192.168.1.5', onDelete: 'retain' },
      });
      expect(classOf(name).allowVolumeExpansion).toBeUndefined();
    }
    expect(classOf('nfs').parameters.subDir).toContain('${pv.metadata.name}');
    expect(classOf('nfs-backups').parameters).toMatchObject({
      share: '/volume1/k8s-backups',
      subDir: '${pvc.metadata.namespace}/${pvc.metadata.name}',
    });
  });

  test('nobody chowns a folder of the NAS: fsGroup would fail there, and mount nothing', () => {
    const { values } = find('HelmRelease', 'nfs', 'csi-driver-nfs').spec;
    expect(values.feature).toEqual({ enableFSGroupPolicy: false });
  });

  test('1 TB per namespace is a quota, and all claims fit into it', () => {
    for (const of of stages) {
      expect(find('ResourceQuota', of, 'quota').spec.hard).toEqual({ 'requests.storage': '1T' });
      const claimed = stores.reduce((sum, store) => {
        const { storage } = server(of, store).spec.volumeClaimTemplates[0].spec.resources.requests;
        return sum + 3 * Number(storage.replace('Gi', '')) * 2 ** 30;
      }, 0);
      const { storage } = find('PersistentVolumeClaim', of, 'backups').spec.resources.requests;
      expect(claimed + Number(storage.replace('Gi', '')) * 2 ** 30).toBeLessThan(1e12);
    }
  });
});

describe('MongoDB', () => {
  test('authenticates: members by a key file, and no variable that the entrypoint alone would read', () => {
    for (const [of, store] of each) {
      const [mongod] = server(of, store).spec.template.spec.containers;
      expect(mongod.command).toEqual(['mongod', '--config', '/etc/mongod/mongod.conf']);
      const conf = find('ConfigMap', of, `${store}-files`).data['etc_mongod_mongod.conf'];
      expect(conf).toContain('authorization: enabled');
      expect(conf).toContain('keyFile:');
      expect(JSON.stringify(mongod)).not.toContain('MONGO_INITDB');
    }
  });

  test('the set is begun beside the server that runs, not by an init container before it', () => {
    for (const [of, store] of each) {
      const { initContainers, containers } = server(of, store).spec.template.spec;
      expect(initContainers.map(({ name }: Plain) => name)).toEqual(['keyfile']);
      expect(containers.map(({ name }: Plain) => name)).toContain('replica-set');
    }
  });

  test('members have names that every namespace can look up, of the Service that the StatefulSet names', () => {
    for (const [of, store] of each) {
      const { serviceName } = server(of, store).spec;
      expect(find('Service', of, serviceName).spec).toMatchObject({
        clusterIP: 'None',
        publishNotReadyAddresses: true,
      });
      const script = find('ConfigMap', of, `${store}-replica-set-files`).data['scripts_replica-set.js'];
      expect(script).toContain(`"${store}-0.${serviceName}.${of}.svc:27017"`);
    }
  });

  test('the three variables of the plan name every member, the set and who may log in', () => {
    const hosts = (store: string, of: string) =>
      [0, 1, 2].map((n) => `${store}-${n}.${store}-headless.${of}.svc:27017`).join(',');
    const rest = '?replicaSet=rs0&authSource=admin&w=majority';
    for (const of of stages) {
      expect(variables(of, 'bff').MONGODB_URI).toBe(
        `mongodb://vinylvault_bff:$(MONGODB_URI_PASSWORD)@${hosts('mongodb-sessions', of)}/vinylvault_bff${rest}`,
      );
      const { MONGODB_REGISTRY_URI, MONGODB_URI_BASE } = variables(of, 'backend');
      expect(MONGODB_REGISTRY_URI).toBe(
        `mongodb://vinylvault_registry:$(MONGODB_REGISTRY_URI_PASSWORD)@${hosts('mongodb-registry', of)}/vinylvault_registry${rest}`,
      );
      expect(MONGODB_URI_BASE).toBe(
        `mongodb://vinylvault_tenants:$(MONGODB_URI_BASE_PASSWORD)@${hosts('mongodb-registry', of)}/${rest}`,
      );
    }
  });

  test('no service logs in as root; one user may make databases, and its own no other', () => {
    for (const of of stages) {
      const env = JSON.stringify(['backend', 'bff'].map((name) => variables(of, name)));
      expect(env).not.toContain('mongodb://root');
      const script = find('ConfigMap', of, 'mongodb-registry-replica-set-files').data['scripts_replica-set.js'];
      const roles = JSON.parse(/const rolesOf = (\{[^;]*\});/.exec(script)![1]!);
      expect(roles.vinylvault_registry).toEqual(['dbAdmin@vinylvault_registry', 'readWrite@vinylvault_registry']);
      expect(roles.vinylvault_tenants).toContain('readWriteAnyDatabase@admin');
    }
  });

  test('runs version 7, where its CPU can: 8 crashes on a Raspberry Pi 5, 5 and later on a Pi 4', () => {
    for (const [of, store] of each) {
      const { containers, affinity } = server(of, store).spec.template.spec;
      expect(containers[0].image).toMatch(/mongo:7\.0\.\d+$/);
      expect(JSON.stringify(affinity.nodeAffinity)).toContain('capability/mongodb');
    }
  });

  test('keeps slow operations, has an exporter, and says when a member or the primary is lost', () => {
    for (const [of, store] of each) {
      const conf = find('ConfigMap', of, `${store}-files`).data['etc_mongod_mongod.conf'];
      expect(conf).toMatch(/mode: slowOp\n\s*slowOpThresholdMs: 200/);
      const { rules } = find('PrometheusRule', of, store).spec.groups[0];
      expect(rules.map(({ alert }: Plain) => alert)).toEqual(
        expect.arrayContaining(['StoreMemberDown', 'MongodbDown', 'MongodbPrimaryMissing', 'DatabaseBackupOverdue']),
      );
    }
  });

  test('is dumped every night, tenants that nobody declared too, to another export: 7 days, 4 weeks, 3 months', () => {
    for (const [of, store] of each) {
      const { data } = find('ConfigMap', of, `${store}-backup`);
      expect(data).toMatchObject({ TARGET: `/shared/${store}`, KEEP_DAILY: '7', KEEP_WEEKLY: '4', KEEP_MONTHLY: '3' });
      const { template } = find('CronJob', of, `${store}-backup`).spec.jobTemplate.spec;
      expect(template.spec.volumes).toContainEqual({
        name: 'claim-backups',
        persistentVolumeClaim: { claimName: 'backups' },
      });
      const script = find('ConfigMap', of, `${store}-backup-dump-files`).data['scripts_dump.sh'];
      expect(script).toMatch(/mongodump .*--oplog/);
      expect(script).not.toContain('--db');
      expect(find('CronJob', of, `${store}-backup-restore`).spec.suspend).toBe(true);
    }
  });
});

describe('one member on the NAS before', () => {
  const imports = { bff: 'mongodb-bff', backend: 'mongodb-backend' };
  const system = { ...vinyl, systems: [platform(facts), vinylVault({ stages: { staging: { ...stage, imports } } })] };
  const moving = rendered(system);
  const namespace = 'vinylvault-staging';

  test('fills three on the nodes, and each service waits for its own', () => {
    expect(synthesize(system, new Map()).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    for (const [service, store] of [
      ['bff', 'mongodb-sessions'],
      ['backend', 'mongodb-registry'],
    ] as const) {
      expect(moving.find('Job', namespace, `${store}-import`)).toBeDefined();
      expect(moving.declared).toContainEqual(
        expect.objectContaining({
          path: `${namespace}/${service}/pod`,
          uses: expect.arrayContaining([`${namespace}/${store}/import`]),
        }),
      );
    }
  });

  test('is reached by the import alone, and stays as it is', () => {
    for (const [store, app] of [
      ['mongodb-sessions', 'mongodb-bff'],
      ['mongodb-registry', 'mongodb-backend'],
    ] as const) {
      const { podSelector, policyTypes } = moving.find('NetworkPolicy', namespace, `${store}-import-source`).spec;
      expect([podSelector.matchLabels, policyTypes]).toEqual([{ app }, ['Ingress']]);
      expect(moving.objects.some(({ metadata }) => metadata.name === app)).toBe(false);
    }
  });
});

describe('services', () => {
  test('scale from 2 to 4 by CPU, which they request; the Deployment says no number', () => {
    for (const of of stages) {
      for (const name of ['backend', 'bff', 'frontend']) {
        const { spec } = find('Deployment', of, name);
        expect(spec.replicas).toBeUndefined();
        expect(spec.template.spec.containers[0].resources.requests.cpu).toMatch(/m$/);
        const { minReplicas, maxReplicas } = find('HorizontalPodAutoscaler', of, name).spec;
        expect([minReplicas, maxReplicas]).toEqual([2, 4]);
        expect(find('PodDisruptionBudget', of, name).spec.maxUnavailable).toBe(1);
      }
    }
  });

  test('are restarted when they hang, and get no requests while they are not ready', () => {
    for (const { spec } of inStages('Deployment')) {
      const { livenessProbe, readinessProbe } = spec.template.spec.containers[0];
      expect(livenessProbe.tcpSocket).toBeDefined();
      expect(readinessProbe.httpGet.path).toMatch(/^\/(health)?$/);
    }
  });

  test('a session stays at its pod of the BFF by a cookie of Traefik: the affinity of a Service is passed by', () => {
    for (const of of stages) {
      const { metadata, spec } = find('Service', of, 'bff');
      expect(metadata.annotations).toMatchObject({
        'traefik.ingress.kubernetes.io/service.sticky.cookie': 'true',
        'traefik.ingress.kubernetes.io/service.sticky.cookie.name': 'vinylvault_bff',
      });
      expect(spec.sessionAffinity).toBeUndefined();
      expect(JSON.stringify(find('Service', of, 'frontend').metadata)).not.toContain('sticky');
    }
  });

  test("GitHub's webhook comes in, signed and without a limit of requests; the rest is limited", () => {
    for (const of of stages) {
      const { spec, metadata } = find('Ingress', of, 'ingress-no-rate-limit');
      expect(spec.rules[0].http.paths.map(({ path, backend }: Plain) => [path, backend.service.name])).toEqual([
        ['/webhooks/github', 'backend'],
      ]);
      expect(metadata.annotations['traefik.ingress.kubernetes.io/router.middlewares']).not.toContain('rate-limit');
      expect(variables(of, 'backend').GITHUB_APP_WEBHOOK_SECRET.secretKeyRef.name).toBe('github-app');
    }
  });

  test('TLS by letsencrypt-prod, security headers, and the class that K3s brings', () => {
    for (const of of stages) {
      const { metadata, spec } = find('Ingress', of, 'ingress');
      expect(spec.ingressClassName).toBe('traefik');
      expect(metadata.annotations['cert-manager.io/cluster-issuer']).toBe('letsencrypt-prod');
      expect(find('Middleware', of, 'ingress-headers').spec.headers).toMatchObject({
        frameDeny: true,
        contentTypeNosniff: true,
      });
    }
    expect(ofKind('HelmRelease').map(({ metadata }) => metadata.name)).not.toContain('traefik');
    const { valuesContent } = find('HelmChartConfig', 'kube-system', 'traefik').spec;
    expect(valuesContent).toMatch(/externalTrafficPolicy: Local/);
    expect(valuesContent).toMatch(/to: websecure/);
    expect(valuesContent).toMatch(/honorLabels: true/);
  });

  test('backend and BFF reach GitHub, the backend Discogs where there is a key; the frontend reaches nothing', () => {
    const out = (of: string, name: string) =>
      find('NetworkPolicy', of, name).spec.egress.flatMap(({ to, ports }: Plain) =>
        to.some(({ ipBlock }: Plain) => ipBlock) ? ports.map(({ port }: Plain) => port) : [],
      );
    for (const of of stages) {
      expect([out(of, 'backend'), out(of, 'bff'), out(of, 'frontend')]).toEqual([[443], [443], []]);
    }
    expect(variables(stages[0]!, 'backend')).not.toHaveProperty('DISCOGS_API_KEY');
    expect(variables(stages[1]!, 'backend')).toHaveProperty('DISCOGS_API_KEY');
  });
});

describe('secrets', () => {
  test('none is rendered; each stage has its own of GitHub, and may rotate each by itself', () => {
    expect(ofKind('Secret')).toEqual([]);
    for (const of of stages) {
      const names = sealed.filter(({ namespace }) => namespace === of).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['github-oauth', 'github-app', 'jwt', 'session']));
    }
  });

  test("the App's key is a file, where its variable says", () => {
    for (const of of stages) {
      const { containers } = find('Deployment', of, 'backend').spec.template.spec;
      const { GITHUB_APP_PRIVATE_KEY_PATH: path } = variables(of, 'backend');
      expect(containers[0].volumeMounts).toContainEqual(expect.objectContaining({ mountPath: path, readOnly: true }));
      expect(variables(of, 'backend')).toEqual(
        expect.objectContaining({ GITHUB_APP_ID: expect.anything(), GITHUB_APP_INSTALLATION_URL: expect.anything() }),
      );
    }
  });

  test('passwords of databases have nothing that a URI would have to escape, unlike base64', () => {
    const made = sealed
      .filter(({ name }) => name.startsWith('mongodb-'))
      .flatMap(({ generate }) => Object.keys(generate!));
    expect(made).toContain('password');
  });
});

describe('images', () => {
  const policies = ofKind('ImagePolicy');

  test('tags say what is newer: neither a hash nor latest-staging does', () => {
    for (const { spec } of policies) {
      expect(spec.policy).toEqual({ numerical: { order: 'asc' } });
      expect(spec.filterTags.pattern).toContain('(?P<stamp>[0-9]{10})');
    }
    expect(errors({ staging: { ...stage } })).toEqual([]);
  });

  test('staging follows develop by itself; production has a mark, and no policy that would move it', () => {
    expect(policies.map(({ metadata }) => metadata.name).sort()).toEqual([
      'staging-vinylvault-backend',
      'staging-vinylvault-bff',
      'staging-vinylvault-frontend',
    ]);
    const production = [...synthesize(vinyl, new Map()).files].filter(([path]) =>
      path.includes('vinylvault-production/b'),
    );
    const marks = production.flatMap(([, text]) => text.match(/\$imagepolicy": "[^"]+/g) ?? []);
    expect(marks).toEqual([
      '$imagepolicy": "flux-system:production-vinylvault-backend',
      '$imagepolicy": "flux-system:production-vinylvault-bff',
    ]);
  });

  test('a committed tag that no build makes is refused', () => {
    const tree = new Map(
      [...synthesize(vinyl, new Map()).files].map(([path, text]) => [
        path,
        text.replaceAll('develop-0000000-1735689600', 'latest-staging'),
      ]),
    );
    const messages = synthesize(vinyl, tree).findings.map(({ message }) => message);
    expect(messages).toContainEqual(
      expect.stringContaining('staging-vinylvault-backend: tag latest-staging does not match'),
    );
  });
});
