import { Construct } from 'constructs';
import { ExternalSecret, Password, SecretStore } from '../imports/custom.ts';
import { KubeRole, KubeRoleBinding, KubeServiceAccount } from '../imports/k8s.ts';
import { declare } from '../imports/relations.ts';

export interface GeneratedSecretProps {
  readonly name: string;
  /** The first one owns it, the others get copies. */
  readonly namespaces: readonly string[];
  /** Characters of each key's value. */
  readonly lengths: Readonly<Record<string, number>>;
  readonly type: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A Secret of random letters and digits, made once in the cluster by External Secrets and never again: neither when its
 * ExternalSecret goes nor when it comes back. Other namespaces get copies, read by an account that may read this one only.
 * @see https://external-secrets.io/latest/api/generator/password/
 * @see https://external-secrets.io/latest/provider/kubernetes/
 */
export class GeneratedSecret extends Construct {
  constructor(scope: Construct, id: string, props: GeneratedSecretProps) {
    super(scope, id);
    const { name, namespaces, lengths, type, labels } = props;
    const [namespace = '', ...readers] = namespaces;
    const generator = (length: number) => `${name}-${length}`;

    for (const length of new Set(Object.values(lengths))) {
      new Password(this, `password-${length}`, {
        metadata: { name: generator(length), namespace },
        spec: { length, digits: Math.floor(length / 4), symbols: 0, noUpper: false, allowRepeat: true },
      });
    }
    new ExternalSecret(this, 'external-secret', {
      metadata: { name, namespace, annotations: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' } },
      spec: {
        refreshPolicy: 'CreatedOnce',
        // Once is once per ExternalSecret: immutable keeps the value when that is made anew, Orphan when it goes.
        target: {
          name,
          creationPolicy: 'Orphan',
          deletionPolicy: 'Retain',
          immutable: true,
          ...templateOf(type, labels),
        },
        dataFrom: Object.entries(lengths).map(([key, length]) => ({
          sourceRef: {
            generatorRef: {
              apiVersion: 'generators.external-secrets.io/v1alpha1',
              kind: 'Password',
              name: generator(length),
            },
          },
          rewrite: [{ regexp: { source: '^password$', target: key } }],
        })),
      },
    });
    // The keys come out of rewrites.
    declare(this, { provides: { objects: [{ kind: 'Secret', namespace, name, keys: Object.keys(lengths) }] } });
    if (readers.length) this.copy(namespace, readers, props);
  }

  private copy(owner: string, readers: readonly string[], { name, lengths, type, labels }: GeneratedSecretProps) {
    const reader = `${name}-reader`;
    new KubeRole(this, 'role', {
      metadata: { name: reader, namespace: owner },
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [name], verbs: ['get'] }],
    });
    new KubeRoleBinding(this, 'role-binding', {
      metadata: { name: reader, namespace: owner },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: reader },
      subjects: readers.map((namespace) => ({ kind: 'ServiceAccount', name: reader, namespace })),
    });
    for (const namespace of readers) {
      new KubeServiceAccount(this, `service-account-${namespace}`, {
        metadata: { name: reader, namespace },
        automountServiceAccountToken: false,
      });
      new SecretStore(this, `secret-store-${namespace}`, {
        metadata: { name, namespace },
        spec: {
          provider: {
            kubernetes: {
              remoteNamespace: owner,
              server: { caProvider: { type: 'ConfigMap', name: 'kube-root-ca.crt', key: 'ca.crt' } },
              auth: { serviceAccount: { name: reader } },
            },
          },
        },
      });
      new ExternalSecret(this, `external-secret-${namespace}`, {
        metadata: { name, namespace },
        spec: {
          refreshInterval: '1h',
          secretStoreRef: { kind: 'SecretStore', name },
          target: { name, ...templateOf(type, labels) },
          data: remote(name, Object.keys(lengths)),
        },
      });
    }
  }
}

/** One property of `path` per key. */
export const remote = (path: string, keys: readonly string[]) =>
  keys.map((key) => ({ secretKey: key, remoteRef: { key: path, property: key } }));

export const templateOf = (type: string, labels?: Readonly<Record<string, string>>) =>
  type === 'Opaque' && !labels
    ? {}
    : { template: { ...(type !== 'Opaque' && { type }), ...(labels && { metadata: { labels: { ...labels } } }) } };
