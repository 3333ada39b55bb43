import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { platform } from '../../charts/platform/platform.ts';
import type { Environment } from '../../imports/environment.ts';
import { meshRules } from '../../synth/check/mesh.ts';
import { type Synthesis, synthesize } from '../../synth/synthesize.ts';
import { type Plain, rendered } from './environment.ts';
import { facts, meshed } from './meshed.ts';

let synthesis: Synthesis;
let objects: readonly Plain[];
beforeAll(() => {
  synthesis = synthesize(meshed, new Map());
  objects = synthesis.index.manifests.map(({ object }) => object);
});

const find = (kind: string, namespace: string, name: string): Plain =>
  objects.find(
    (object) => object.kind === kind && object.metadata.namespace === namespace && object.metadata.name === name,
  );
const clientsOf = (namespace: string, server: string) =>
  find('MeshTLSAuthentication', namespace, server).spec.identityRefs.map(
    (account: Plain) => `${account.namespace}/${account.name}`,
  );

describe('a cluster with a mesh', () => {
  test('has nothing wrong: every declared call passes policies of both kinds', () => {
    expect(synthesis.findings.filter(({ severity, rule }) => severity !== 'info' && rule !== 'sealed-secret')).toEqual(
      [],
    );
  });

  test('a caller that is no longer named is found out', () => {
    const authentication = find('MeshTLSAuthentication', 'notifi', 'event-processor-5001');
    const { identityRefs } = authentication.spec;
    authentication.spec.identityRefs = [];
    const [rule] = meshRules;
    const context = { index: synthesis.index, closed: true, committed: () => undefined };
    const found = [...rule!.check(context)].map(({ message }) => message);
    authentication.spec.identityRefs = identityRefs;
    expect(found).toEqual([
      'Service notifi/sms-messenger may not call Deployment notifi/event-processor on 5001: no AuthorizationPolicy of Server notifi/event-processor-5001 lets it in',
    ]);
  });

  test('names whom stores, services and brokers are called by', () => {
    expect(clientsOf('lab', 'postgresql-5432')).toEqual([
      'lab/ledger',
      'lab/postgresql',
      'lab/postgresql-backup',
      'lab/postgresql-backup-restore',
      'lab/postgresql-bootstrap',
      'lab/postgresql-pooler',
    ]);
    expect(clientsOf('messaging', 'notifi-rabbitmq-5672')).toEqual([
      'events/default',
      'notifi/event-processor',
      'notifi/sms-messenger',
    ]);
    expect(clientsOf('messaging', 'notifi-rabbitmq-25672')).toEqual(['messaging/notifi-rabbitmq-server']);
    // Dead letters come from the pods of the broker, calls over gRPC from the worker.
    expect(clientsOf('notifi', 'event-processor-5000')).toEqual(['events/default']);
    expect(clientsOf('notifi', 'event-processor-5001')).toEqual(['notifi/sms-messenger']);
    expect(clientsOf('notifi', 'gateway-5000')).toEqual(['traefik/traefik']);
  });

  test('Kafka of Strimzi stays outside, with certificates of its own', () => {
    const outside = { 'linkerd.io/inject': 'disabled' };
    expect(find('KafkaNodePool', 'lab', 'audit').spec.template.pod.metadata.annotations).toEqual(outside);
    const { entityOperator, kafkaExporter } = find('Kafka', 'lab', 'audit').spec;
    expect(entityOperator.template.pod.metadata.annotations).toEqual(outside);
    expect(kafkaExporter.template.pod.metadata.annotations).toEqual(outside);
    expect(objects.filter(({ kind, metadata }) => kind === 'Server' && metadata.name.startsWith('audit'))).toEqual([]);
  });

  test('meshed namespaces stay restricted, since the CNI plugin does what privileged containers would', () => {
    expect(find('HelmRelease', 'linkerd', 'linkerd-control-plane').spec.values).toMatchObject({
      cniEnabled: true,
      proxy: { nativeSidecar: true },
    });
    expect(find('HelmRelease', 'linkerd-cni', 'linkerd2-cni').spec.values).toMatchObject({
      destCNIBinDir: '/var/lib/rancher/k3s/data/cni',
      destCNINetDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
      repairController: { enabled: true },
    });
  });

  test('identities come from cert-manager: an anchor that keeps its key, an issuer renewed every day, a bundle of the anchor', () => {
    const anchor = find('Certificate', 'cert-manager', 'linkerd-trust-anchor').spec;
    const issuer = find('Certificate', 'linkerd', 'linkerd-identity-issuer').spec;
    expect(anchor).toMatchObject({ isCA: true, duration: '87600h', privateKey: { rotationPolicy: 'Never' } });
    expect(issuer).toMatchObject({
      isCA: true,
      commonName: 'identity.linkerd.cluster.local',
      duration: '48h',
      renewBefore: '25h',
      privateKey: { algorithm: 'ECDSA', rotationPolicy: 'Always' },
    });
    const cluster = objects.find(
      ({ kind, metadata }) => kind === 'ClusterIssuer' && metadata.name === issuer.issuerRef.name,
    );
    expect(cluster.spec.ca.secretName).toBe(anchor.secretName);
    const bundle = objects.find(({ kind }) => kind === 'Bundle');
    expect(bundle.metadata.name).toBe('linkerd-identity-trust-roots');
    expect(bundle.spec.sources).toEqual([{ secret: { name: anchor.secretName, key: 'tls.crt' } }]);
    const { identity } = find('HelmRelease', 'linkerd', 'linkerd-control-plane').spec.values;
    expect(identity).toEqual({ externalCA: true, issuer: { scheme: 'kubernetes.io/tls' } });
  });

  test('every webhook of Linkerd has a certificate of cert-manager for the Secret that its chart mounts', () => {
    const secrets = objects.filter(({ kind }) => kind === 'Certificate').map(({ spec }) => spec.secretName);
    expect(secrets).toEqual(
      expect.arrayContaining([
        'linkerd-proxy-injector-k8s-tls',
        'linkerd-sp-validator-k8s-tls',
        'linkerd-policy-validator-k8s-tls',
        'tap-k8s-tls',
        'tap-injector-k8s-tls',
      ]),
    );
  });

  test('solvers of the certificate authority stay outside', () => {
    const issuer = objects.find(
      ({ kind, metadata }) => kind === 'ClusterIssuer' && metadata.name === 'letsencrypt-prod',
    );
    expect(issuer.spec.acme.solvers[0].http01.ingress.podTemplate.metadata.annotations).toEqual({
      'linkerd.io/inject': 'disabled',
    });
  });

  test('Traefik is in the mesh, and clients of it are not', () => {
    expect(find('HelmRelease', 'traefik', 'traefik').spec.values.deployment.podAnnotations).toEqual({
      'linkerd.io/inject': 'enabled',
      'config.linkerd.io/skip-inbound-ports': '8000,8443',
    });
  });
});

describe('the order of Flux', () => {
  const needs = () =>
    new Map(
      ['infrastructure.yaml', 'apps.yaml']
        .flatMap((file) => loadAll(synthesis.files.get(`meshed/${file}`)!) as Plain[])
        .map(({ metadata, spec }) => [metadata.name, (spec.dependsOn ?? []).map(({ name }: Plain) => name)]),
    );
  const appliedBefore = (folder: string, all = needs()): string[] =>
    all.get(folder)!.flatMap((name: string) => [name, ...appliedBefore(name, all)]);

  test('brings Gateway API, cert-manager, trust-manager and the CNI plugin before Linkerd, and Linkerd before what it injects', () => {
    expect(appliedBefore('linkerd-controllers')).toEqual(
      expect.arrayContaining([
        'gateway-api-controllers',
        'cert-manager-controllers',
        'trust-manager-controllers',
        'linkerd-cni-controllers',
        'linkerd-stores',
      ]),
    );
    for (const folder of [
      'traefik-controllers',
      'lab-stores',
      'messaging-stores',
      'notifi',
      'linkerd-viz-controllers',
    ]) {
      expect([folder, appliedBefore(folder)]).toEqual([folder, expect.arrayContaining(['linkerd-controllers'])]);
    }
  });

  test('brings the operators before Knative, and Knative before workers and brokers', () => {
    expect(appliedBefore('knative-eventing-stores')).toEqual(
      expect.arrayContaining(['knative-operator-controllers', 'rabbitmq-system-controllers']),
    );
    expect(appliedBefore('notifi')).toEqual(
      expect.arrayContaining(['knative-serving-stores', 'knative-eventing-stores', 'linkerd-controllers']),
    );
    expect(appliedBefore('events')).toEqual(expect.arrayContaining(['knative-eventing-stores', 'messaging-stores']));
  });

  test('keeps kinds of Linkerd out of the folder of namespaces, which is there before them', () => {
    const inNamespaces = [...synthesis.files].filter(([path]) => path.startsWith('meshed/namespaces/'));
    for (const [, text] of inNamespaces) expect(text).not.toContain('policy.linkerd.io');
  });
});

describe('Knative', () => {
  test('is the version of its operator, behind Kourier, with the broker of RabbitMQ', () => {
    const serving = find('KnativeServing', 'knative-serving', 'knative-serving').spec;
    const eventing = find('KnativeEventing', 'knative-eventing', 'knative-eventing').spec;
    expect(serving).toMatchObject({
      version: '1.23.0',
      ingress: { kourier: { enabled: true } },
      config: { network: { 'ingress-class': 'kourier.ingress.networking.knative.dev' } },
    });
    expect(eventing.additionalManifests).toEqual([
      {
        URL: 'https://github.com/knative-extensions/eventing-rabbitmq/releases/download/knative-v1.22.1/rabbitmq-broker.yaml',
      },
    ]);
  });

  test('keeps the tag of a worker by image automation', () => {
    const text = synthesis.files.get('meshed/notifi/sms-messenger.yaml')!;
    expect(text).toMatch(/image: \S+\/sms-messenger:1\.0\.0 # \{"\$imagepolicy": "flux-system:sms-messenger"\}/);
    const service = (loadAll(text) as Plain[]).find(({ kind }) => kind === 'Service');
    expect(service.apiVersion).toBe('serving.knative.dev/v1');
  });
});

describe('what does not fit', () => {
  const { linkerd, ...without } = facts;
  test.each<[string, Environment, string]>([
    [
      'a mesh that is not installed',
      { ...meshed, systems: [platform(without)] },
      "platform: the environment's mesh is linkerd, which is not there; give linkerd too",
    ],
    [
      'one that is installed for nobody',
      { ...meshed, mesh: 'none', systems: [platform(facts)] },
      "platform: linkerd is there, but the environment has no mesh, and no pod gets a proxy; say mesh: 'linkerd'",
    ],
  ])('refuses %s', (_, wrong, problem) => {
    expect(linkerd).toBeDefined();
    expect(rendered(wrong).problems).toEqual([problem.split('; ')[0]]);
  });
});
