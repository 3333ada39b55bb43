// What the absence of an object does, kind by kind, and how to mend it.

/** A kind's rule, what happens without the object, and how to get one. */
export interface Missing {
  readonly rule: string;
  readonly kinds: readonly string[];
  readonly harm: string;
  readonly fix: string;
  readonly breaks: string;
  readonly passes: string;
}

const pod = (spec: string, more = '') => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec:
  ${spec}
  containers: [{name: api, image: api:1}]
${more}`;
export const secretEnv = (name: string, key: string, more: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec:
  containers:
    - name: api
      env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: ${name}, key: ${key}}}}]
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: postgres, namespace: notifi}
spec: {encryptedData: {${more}: AgB}}
`;
const ingress = (more = '') => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: api
  namespace: notifi
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    traefik.ingress.kubernetes.io/router.middlewares: notifi-rate-limit@kubernetescrd
spec:
  ingressClassName: traefik
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api, port: {name: http}}}}]}}]
${more}`;
const hpa = (more = '') => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: notifi}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}}
${more}`;
export const object = (apiVersion: string, kind: string, name: string, namespace?: string) => `---
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: ${name}${namespace ? `, namespace: ${namespace}` : ''}}
`;

/** The kinds that have their own rule. */
export const TABLE: readonly Missing[] = [
  {
    rule: 'missing-secret',
    kinds: ['Secret'],
    harm: 'what needs it does not start',
    fix: 'declare the credential with a source (sealed, external, generated), or name one that exists',
    breaks: secretEnv('postgers', 'password', 'password'),
    passes: secretEnv('postgres', 'password', 'password'),
  },
  {
    rule: 'missing-config-map',
    kinds: ['ConfigMap'],
    harm: 'pods that need it do not start',
    fix: 'render the ConfigMap, or name one that exists',
    breaks: pod('volumes: [{name: config, configMap: {name: api}}]'),
    passes: pod('volumes: [{name: config, configMap: {name: api}}]', object('v1', 'ConfigMap', 'api', 'notifi')),
  },
  {
    rule: 'missing-service',
    kinds: ['Service'],
    harm: 'requests find no endpoint',
    fix: 'render the Service, or name one that exists',
    breaks: ingress(),
    passes: ingress(object('v1', 'Service', 'api', 'notifi')),
  },
  {
    rule: 'missing-service-account',
    kinds: ['ServiceAccount'],
    harm: 'no pod is created under it, and no right reaches it',
    fix: 'render the ServiceAccount, or name one that exists',
    breaks: pod('serviceAccountName: api'),
    passes: pod('serviceAccountName: api', object('v1', 'ServiceAccount', 'api', 'notifi')),
  },
  {
    rule: 'missing-role',
    kinds: ['Role', 'ClusterRole'],
    harm: 'the binding grants nothing',
    fix: 'render the role, or bind one that exists; roleRef cannot be changed later, only deleted with its binding',
    breaks: `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: api, namespace: notifi}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: api}
`,
    passes: `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: api, namespace: notifi}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
`,
  },
  {
    rule: 'missing-volume-claim',
    kinds: ['PersistentVolumeClaim'],
    harm: 'its pods stay pending',
    fix: 'render the claim, or name one that exists',
    breaks: pod('volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]'),
    passes: pod(
      'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]',
      object('v1', 'PersistentVolumeClaim', 'data', 'notifi'),
    ),
  },
  {
    rule: 'missing-volume',
    kinds: ['PersistentVolume'],
    harm: 'the claim stays pending',
    fix: 'render the PersistentVolume, or leave out volumeName',
    breaks: `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: notifi}
spec: {volumeName: nas}
`,
    passes: `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: notifi}
spec: {volumeName: nas}
${object('v1', 'PersistentVolume', 'nas')}`,
  },
  {
    rule: 'missing-namespace',
    kinds: ['Namespace'],
    harm: 'the API server refuses the object',
    fix: 'render the Namespace, or put the object into one that exists',
    breaks: object('v1', 'ConfigMap', 'api', 'notfi') + object('v1', 'Namespace', 'notifi'),
    passes: object('v1', 'ConfigMap', 'api', 'notifi') + object('v1', 'Namespace', 'notifi'),
  },
  {
    rule: 'missing-class',
    kinds: ['StorageClass', 'IngressClass', 'PriorityClass', 'RuntimeClass', 'GatewayClass'],
    harm: 'nothing serves the object',
    fix: 'name a class that the environment lists, or declare what brings this one',
    breaks: ingress(),
    passes: ingress(object('networking.k8s.io/v1', 'IngressClass', 'traefik')),
  },
  {
    rule: 'missing-gateway',
    kinds: ['Gateway'],
    harm: 'the route is attached to nothing',
    fix: 'render the Gateway, or name one that exists',
    breaks: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: notifi}
spec: {parentRefs: [{name: public, namespace: gateway}]}
`,
    passes: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: notifi}
spec: {parentRefs: [{name: public, namespace: gateway}]}
${object('gateway.networking.k8s.io/v1', 'Gateway', 'public', 'gateway')}`,
  },
  {
    rule: 'missing-middleware',
    kinds: ['Middleware', 'MiddlewareTCP', 'TLSOption', 'ServersTransport', 'TraefikService'],
    harm: 'Traefik drops the whole route and answers 404',
    fix: 'render it, or name one that exists as <namespace>-<name>@kubernetescrd',
    breaks: ingress(),
    passes: ingress(object('traefik.io/v1alpha1', 'Middleware', 'rate-limit', 'notifi')),
  },
  {
    rule: 'missing-issuer',
    kinds: ['Issuer', 'ClusterIssuer'],
    harm: 'no certificate is issued',
    fix: 'render the issuer, or name one that exists',
    breaks: ingress(),
    passes: ingress(object('cert-manager.io/v1', 'ClusterIssuer', 'letsencrypt')),
  },
  {
    rule: 'missing-scale-target',
    kinds: ['Deployment', 'StatefulSet', 'ReplicaSet'],
    harm: 'nothing is scaled',
    fix: 'point it at the workload that it is to scale',
    breaks: hpa(),
    passes: hpa(object('apps/v1', 'Deployment', 'api', 'notifi')),
  },
  {
    rule: 'missing-source',
    kinds: ['GitRepository', 'HelmRepository', 'OCIRepository', 'Bucket', 'HelmChart', 'ExternalArtifact'],
    harm: 'Flux has nothing to apply',
    fix: 'render the source, or name one that exists, with its namespace',
    breaks: `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: loki, namespace: monitoring}
spec: {chart: {spec: {chart: loki, sourceRef: {kind: HelmRepository, name: grafana}}}}
`,
    passes: `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: loki, namespace: monitoring}
spec: {chart: {spec: {chart: loki, sourceRef: {kind: HelmRepository, name: grafana}}}}
${object('source.toolkit.fluxcd.io/v1', 'HelmRepository', 'grafana', 'monitoring')}`,
  },
];

/** Every other kind. */
export const OTHER: Missing = {
  rule: 'missing-object',
  kinds: [],
  harm: 'the object does not become ready',
  fix: 'render it, or name one that exists',
  breaks: `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: api, namespace: notifi}
spec: {broker: default}
`,
  passes: `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: api, namespace: notifi}
spec: {broker: default}
${object('eventing.knative.dev/v1', 'Broker', 'default', 'notifi')}`,
};
