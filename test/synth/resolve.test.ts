import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { quantity } from '../../imports/quantity.ts';
import type { Declared, KubeObject, Manifest } from '../../synth/manifest.ts';
import { matches, selectorOf } from '../../synth/resolve/selectors.ts';
import { isManifest, resolve, type World } from '../../synth/resolve.ts';

const CLOSED: World = { provides: [], closed: true };

function index(yaml: string, world: World = CLOSED, declared: readonly Declared[] = []) {
  const manifests = (loadAll(yaml) as KubeObject[]).map(
    (object, i): Manifest => ({ object, path: `chart/unit/${i}`, chart: 'chart', unit: 'unit' }),
  );
  return resolve({ manifests, declared }, world);
}

/** References as `field -> kind namespace/name key port`, and whether something answers. */
function references(yaml: string, world?: World) {
  return index(yaml, world).references.map(({ field, kind, namespace, name, key, port, optional, target }) => {
    const detail = [key && `key ${key}`, port !== undefined && `port ${port}`, optional && 'optional'].filter(Boolean);
    return `${field} -> ${[kind, `${namespace === undefined ? '' : `${namespace}/`}${name}`, ...detail].join(' ')} ${target ? 'found' : 'missing'}`;
  });
}

const object = (apiVersion: string, kind: string, name: string, rest = '') =>
  `---\n{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: ${name}, namespace: a}${rest && `, ${rest}`}}\n`;
const pod = (spec: string) => object('v1', 'Pod', 'p', `spec: {containers: [{name: c}], ${spec}}`);

describe('what a pod refers to', () => {
  test('variables, files and pull secrets, down to the key', () => {
    expect(
      references(`
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
spec:
  serviceAccountName: runner
  imagePullSecrets: [{name: registry}]
  priorityClassName: system-node-critical
  containers:
    - name: c
      env:
        - {name: A, valueFrom: {secretKeyRef: {name: s, key: password}}}
        - {name: B, valueFrom: {configMapKeyRef: {name: m, key: url, optional: true}}}
      envFrom: [{secretRef: {name: s}}, {configMapRef: {name: m, optional: true}}]
      volumeMounts: [{name: files, mountPath: /app.conf, subPath: app.conf}]
  volumes:
    - {name: files, configMap: {name: m}}
    - {name: tls, secret: {secretName: t, items: [{key: tls.crt, path: crt}]}}
    - {name: all, projected: {sources: [{secret: {name: s, items: [{key: k, path: k}]}}, {configMap: {name: kube-root-ca.crt}}]}}
    - {name: data, persistentVolumeClaim: {claimName: d}}
    - {name: csi, csi: {driver: x, nodePublishSecretRef: {name: n}}}
`),
    ).toEqual([
      'metadata.namespace -> Namespace a missing',
      'spec.serviceAccountName -> ServiceAccount a/runner missing',
      'spec.imagePullSecrets[0].name -> Secret a/registry missing',
      'spec.priorityClassName -> PriorityClass system-node-critical found',
      'spec.volumes[0].configMap -> ConfigMap a/m missing',
      'spec.volumes[1].secret.items[0].key -> Secret a/t key tls.crt missing',
      'spec.volumes[2].projected.sources[0].secret.items[0].key -> Secret a/s key k missing',
      'spec.volumes[2].projected.sources[1].configMap -> ConfigMap a/kube-root-ca.crt found',
      'spec.volumes[3].persistentVolumeClaim.claimName -> PersistentVolumeClaim a/d missing',
      'spec.volumes[4].csi.nodePublishSecretRef.name -> Secret a/n missing',
      'spec.containers[0].env[0].valueFrom.secretKeyRef -> Secret a/s key password missing',
      'spec.containers[0].env[1].valueFrom.configMapKeyRef -> ConfigMap a/m key url optional missing',
      'spec.containers[0].envFrom[0].secretRef -> Secret a/s missing',
      'spec.containers[0].envFrom[1].configMapRef -> ConfigMap a/m optional missing',
      'spec.containers[0].volumeMounts[0].subPath -> ConfigMap a/m key app.conf missing',
    ]);
  });

  test('the volume that a claim template replaces is none', () => {
    const set = object(
      'apps/v1',
      'StatefulSet',
      's',
      'spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: fast}}], template: {spec: {containers: [], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}}',
    );
    expect(
      references(set, { ...CLOSED, cluster: { storageClasses: { fast: { kind: 'node', expandable: false } } } }),
    ).toEqual([
      'metadata.namespace -> Namespace a missing',
      'spec.volumeClaimTemplates[0].spec.storageClassName -> StorageClass fast found',
    ]);
  });

  test('a name that is filled in later is no reference', () => {
    expect(references(pod('serviceAccountName: "${NAME}"'))).toEqual(['metadata.namespace -> Namespace a missing']);
  });

  test.each([
    ['Deployment', 'apps/v1', 'spec: {template: {spec: {containers: [{name: c}]}}}', 'spec.template.spec'],
    [
      'CronJob',
      'batch/v1',
      'spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}',
      'spec.jobTemplate.spec.template.spec',
    ],
    ['Service', 'serving.knative.dev/v1', 'spec: {template: {spec: {containers: [{image: i}]}}}', 'spec.template.spec'],
    ['Rollout', 'argoproj.io/v1alpha1', 'spec: {template: {spec: {containers: [{name: c}]}}}', 'spec.template.spec'],
  ])('a %s has pods', (kind, apiVersion, spec, podPath) => {
    const [workload] = index(object(apiVersion, kind, 'w', spec)).workloads;
    expect(workload).toMatchObject({ podPath, namespace: 'a', serviceAccount: 'default' });
    expect(workload!.containers.map(({ path }) => path)).toEqual([`${podPath}.containers[0]`]);
  });

  test.each([
    'spec: 5',
    'spec: {template: [1]}',
    'spec: {template: {spec: {containers: [5, null], volumes: x}}}',
    'spec: null',
  ])('anything may stand anywhere: %s', (spec) => {
    for (const [apiVersion, kind] of [
      ['apps/v1', 'StatefulSet'],
      ['networking.k8s.io/v1', 'Ingress'],
      ['helm.toolkit.fluxcd.io/v2', 'HelmRelease'],
      ['monitoring.coreos.com/v1', 'Prometheus'],
      ['external-secrets.io/v1', 'ExternalSecret'],
    ] as const) {
      expect(() => index(object(apiVersion, kind, 'x', spec))).not.toThrow();
    }
  });
});

describe('what routes refer to', () => {
  test('an Ingress: class, services with ports, certificate, issuer and middlewares', () => {
    expect(
      references(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: i
  namespace: team-a
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    traefik.ingress.kubernetes.io/router.middlewares: team-a-rate-limit@kubernetescrd, edge-headers@kubernetescrd,auth@file
spec:
  ingressClassName: traefik
  tls: [{secretName: tls}]
  rules: [{http: {paths: [{backend: {service: {name: s, port: {name: http}}}}, {backend: {service: {name: s, port: {number: 80}}}}]}}]
---
{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {name: rate-limit, namespace: team-a}}
`).slice(1, 9),
    ).toEqual([
      'spec.ingressClassName -> IngressClass traefik missing',
      'spec.rules[0].http.paths[0].backend.service -> Service team-a/s port http missing',
      'spec.rules[0].http.paths[1].backend.service -> Service team-a/s port 80 missing',
      // The certificate comes from the issuer that the annotation names.
      'spec.tls[0].secretName -> Secret team-a/tls key tls.crt found',
      'metadata.annotations.cert-manager.io/cluster-issuer -> ClusterIssuer letsencrypt missing',
      'metadata.annotations.traefik.ingress.kubernetes.io/router.middlewares -> Middleware team-a/rate-limit found',
      'metadata.annotations.traefik.ingress.kubernetes.io/router.middlewares -> Middleware edge/headers missing',
      'metadata.namespace -> Namespace team-a missing',
    ]);
  });

  test('an HTTPRoute and an IngressRoute', () => {
    const routes =
      object(
        'gateway.networking.k8s.io/v1',
        'HTTPRoute',
        'h',
        'spec: {parentRefs: [{name: g, namespace: edge, port: 443}], rules: [{backendRefs: [{name: s, port: 80}]}]}',
      ) +
      object(
        'traefik.io/v1alpha1',
        'IngressRoute',
        'r',
        'spec: {tls: {secretName: t}, routes: [{services: [{name: s, port: http}, {name: api@internal, kind: TraefikService}], middlewares: [{name: m}]}]}',
      );
    expect(references(routes).filter((line) => !line.startsWith('metadata'))).toEqual([
      'spec.parentRefs[0] -> Gateway edge/g missing',
      'spec.rules[0].backendRefs[0] -> Service a/s port 80 missing',
      'spec.routes[0].services[0] -> Service a/s port http missing',
      'spec.routes[0].middlewares[0] -> Middleware a/m missing',
      'spec.tls.secretName -> Secret a/t key tls.crt missing',
    ]);
  });
});

test('what Flux and operators refer to', () => {
  const objects =
    object(
      'helm.toolkit.fluxcd.io/v2',
      'HelmRelease',
      'h',
      'spec: {chart: {spec: {sourceRef: {kind: HelmRepository, name: r, namespace: flux-system}}}, valuesFrom: [{kind: Secret, name: v}], dependsOn: [{name: other}]}',
    ) +
    object(
      'kustomize.toolkit.fluxcd.io/v1',
      'Kustomization',
      'k',
      'spec: {sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}, decryption: {secretRef: {name: age}}}',
    ) +
    object('image.toolkit.fluxcd.io/v1', 'ImagePolicy', 'p', 'spec: {imageRepositoryRef: {name: p}}') +
    object(
      'external-secrets.io/v1',
      'ExternalSecret',
      'e',
      'spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}, dataFrom: [{sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: pw}}}]}',
    ) +
    object(
      'cert-manager.io/v1',
      'Certificate',
      'c',
      'spec: {secretName: c, issuerRef: {kind: ClusterIssuer, name: ca}}',
    ) +
    object(
      'monitoring.coreos.com/v1',
      'ServiceMonitor',
      'm',
      'spec: {endpoints: [{basicAuth: {password: {name: auth, key: pass}}, tlsConfig: {ca: {configMap: {name: ca, key: ca.crt}}}}]}',
    ) +
    object(
      'eventing.knative.dev/v1',
      'Trigger',
      't',
      'spec: {broker: default, subscriber: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: w}}}',
    );
  expect(references(objects).filter((line) => !line.startsWith('metadata'))).toEqual([
    'spec.chart.spec.sourceRef -> HelmRepository flux-system/r missing',
    'spec.valuesFrom[0] -> Secret a/v key values.yaml missing',
    'spec.dependsOn[0] -> HelmRelease a/other missing',
    'spec.sourceRef -> GitRepository flux-system/flux-system found',
    'spec.decryption.secretRef.name -> Secret a/age missing',
    'spec.imageRepositoryRef -> ImageRepository a/p missing',
    'spec.secretStoreRef -> ClusterSecretStore vault missing',
    'spec.dataFrom[0].sourceRef.generatorRef -> Password a/pw missing',
    'spec.issuerRef -> ClusterIssuer ca missing',
    'spec.endpoints[0].basicAuth.password -> Secret a/auth key pass missing',
    'spec.endpoints[0].tlsConfig.ca.configMap -> ConfigMap a/ca key ca.crt missing',
    'spec.broker -> Broker a/default missing',
    'spec.subscriber.ref -> Service a/w missing',
  ]);
});

describe('who makes a Secret, with which keys', () => {
  test.each([
    ['a Secret', object('v1', 'Secret', 's', 'data: {x: eA==}, stringData: {y: z}'), ['x', 'y']],
    [
      'a SealedSecret',
      object(
        'bitnami.com/v1alpha1',
        'SealedSecret',
        's',
        'spec: {encryptedData: {x: A}, template: {data: {y: "{{ .x }}"}}}',
      ),
      ['x', 'y'],
    ],
    [
      'an ExternalSecret',
      object('external-secrets.io/v1', 'ExternalSecret', 'e', 'spec: {target: {name: s}, data: [{secretKey: x}]}'),
      ['x'],
    ],
    [
      'a templated ExternalSecret',
      object(
        'external-secrets.io/v1',
        'ExternalSecret',
        's',
        'spec: {target: {template: {data: {url: u}}}, data: [{secretKey: x}]}',
      ),
      ['url'],
    ],
    [
      'a whole store entry',
      object('external-secrets.io/v1', 'ExternalSecret', 's', 'spec: {dataFrom: [{extract: {key: k}}]}'),
      'any',
    ],
    [
      'a Certificate',
      object('cert-manager.io/v1', 'Certificate', 'c', 'spec: {secretName: s}'),
      ['tls.crt', 'tls.key', 'ca.crt'],
    ],
  ])('%s', (_, yaml, keys) => {
    const found = index(yaml).keysOf('Secret', 'a', 's');
    expect(found === 'any' ? found : [...found!]).toEqual(keys);
  });

  test('two that fill one Secret give the keys of both', () => {
    const half = (key: string) =>
      object('external-secrets.io/v1', 'ExternalSecret', key, `spec: {target: {name: s}, data: [{secretKey: ${key}}]}`);
    expect(index(half('x') + half('y')).keysOf('Secret', 'a', 's')).toEqual(new Set(['x', 'y']));
  });

  test('what is declared and what the cluster provides', () => {
    const by = {
      path: 'chart/unit',
      chart: 'chart',
      unit: 'unit',
      sealed: { namespace: 'a', name: 'sealed', keys: ['k'] },
    };
    const world = {
      ...CLOSED,
      provides: [{ objects: [{ kind: 'Secret', namespace: 'a', name: 'given', keys: ['x'] }] }],
    };
    const found = index(pod('imagePullSecrets: [{name: sealed}, {name: given}]'), world, [by]);
    const [, sealed, given] = found.references;
    expect(sealed!.target).toMatchObject({ by, keys: ['k'] });
    expect(given!.target).toEqual({ kind: 'Secret', namespace: 'a', name: 'given', keys: ['x'] });
    expect(isManifest(given!.target!)).toBe(false);
  });
});

describe('an open world', () => {
  const OPEN: World = { provides: [], closed: false };
  const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner}\n';

  test('what has no namespace answers everywhere, and finds its like anywhere', () => {
    expect(references(`${account}${pod('serviceAccountName: runner')}`, OPEN)).toContain(
      'spec.serviceAccountName -> ServiceAccount a/runner found',
    );
    expect(references(`${account}${pod('serviceAccountName: runner')}`, CLOSED)).toContain(
      'spec.serviceAccountName -> ServiceAccount a/runner missing',
    );
  });

  test('of several alike, the nearest folder answers', () => {
    const at = (path: string, object: KubeObject): Manifest => ({ path, chart: '', unit: '', object });
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'a' } };
    const near = at('apps/dev/config.yaml:1', config);
    const user = at('apps/dev/pod.yaml:1', loadAll(pod('volumes: [{name: v, configMap: {name: m}}]'))[0] as KubeObject);
    const { references } = resolve(
      { manifests: [at('apps/prod/config.yaml:1', config), near, user], declared: [] },
      OPEN,
    );
    expect(references.find(({ kind }) => kind === 'ConfigMap')!.target).toBe(near);
  });
});

test('pods are found by labels and expressions, in one namespace or all', () => {
  const labelled = (name: string, labels: string) =>
    object('v1', 'Pod', name, 'spec: {containers: []}').replace('namespace: a', `namespace: a, labels: {${labels}}`);
  const found = index(
    labelled('x', 'app: x, tier: web') + labelled('y', 'app: y, tier: web') + labelled('z', 'app: z'),
  );
  const names = (namespace: string | undefined, selector: object) =>
    found.select(namespace, selectorOf(selector)).map(({ manifest }) => manifest.object.metadata.name);
  expect(names('a', { matchLabels: { tier: 'web', app: 'y' } })).toEqual(['y']);
  expect(names('a', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] })).toEqual(['z']);
  expect(
    names('a', { matchLabels: { tier: 'web' }, matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }] }),
  ).toEqual(['y']);
  expect(names('a', {})).toEqual(['x', 'y', 'z']);
  expect(names('b', {})).toEqual([]);
  expect(names(undefined, { matchLabels: { app: 'z' } })).toEqual(['z']);
  expect(matches(selectorOf({ matchExpressions: [{ key: 'a', operator: 'Exists' }] }), { a: '' })).toBe(true);
});

test('a kind may be called as what every object inherits', () => {
  for (const kind of ['constructor', '__proto__', 'toString']) {
    const { workloads } = index(
      object('example.test/v1', kind, 'odd', 'spec: {template: {spec: {containers: [{name: c}]}}}'),
    );
    expect(workloads).toHaveLength(1);
  }
});

test('who brings a kind: the cluster, a definition, a part', () => {
  const crd = object(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'd',
    'spec: {group: x.io, names: {kind: X}}',
  );
  const by = { path: 'p/h', chart: 'p', unit: 'h', provides: { kinds: ['traefik.io/*'] } };
  const found = index(crd, { ...CLOSED, provides: [{ kinds: ['z.io/Z'] }] }, [by]);
  expect(found.providerOf({ apiVersion: 'x.io/v1', kind: 'X' })).toBe(found.manifests[0]);
  expect(found.providerOf({ apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware' })).toBe(by);
  expect(found.providerOf({ apiVersion: 'z.io/v2', kind: 'Z' })).toBe('cluster');
  expect(found.providerOf({ apiVersion: 'apps/v1', kind: 'Deployment' })).toBe('cluster');
  expect(found.providerOf({ apiVersion: 'x.io/v1', kind: 'Y' })).toBeUndefined();
});

test.each([
  ['500m', 0.5],
  ['3800m', 3.8],
  ['1.5m', 0.0015],
  ['2E', 2e18],
  ['2', 2],
  [2, 2],
  ['1Gi', 2 ** 30],
  ['1.5G', 1.5e9],
  ['1e3', 1000],
  ['', undefined],
  ['1 Gi', undefined],
  ['abc', undefined],
  [null, undefined],
])('the quantity %j is %j', (text, value) => expect(quantity(text)).toBe(value));
