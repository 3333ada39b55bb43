import { Construct, type IConstruct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { KubeLimitRange, KubeNamespace, KubeNetworkPolicy, KubeResourceQuota } from '../imports/k8s.ts';
import { declare, refuse } from '../imports/relations.ts';
import { nameProblems, namespaceOf } from './labels.ts';
import { joinMesh, meshAnnotations } from './mesh.ts';
import { ProxyMetrics } from './proxy-metrics.ts';
import { amountOf } from './sizes.ts';

type Quantities = Readonly<Record<string, string>>;

export interface NamespaceProps {
  /** @default - the chart's namespace */
  readonly name?: string;
  /** Pod Security level, enforced, audited and warned of. @default restricted */
  readonly podSecurity?: 'restricted' | 'baseline' | 'privileged';
  /** `open` where a Helm chart's pods bring no NetworkPolicies that would let them through. @default closed */
  readonly network?: 'closed' | 'open';
  /** Sums over all pods: `{ 'limits.memory': '8Gi', pods: '40' }`. @default - none */
  readonly quota?: Quantities;
  /** Bounds and defaults of one container. @default - none */
  readonly limits?: {
    readonly min?: Quantities;
    readonly max?: Quantities;
    readonly default?: Quantities;
    readonly defaultRequest?: Quantities;
  };
}

/**
 * Namespace with its Pod Security level (rules as of the cluster's version), a NetworkPolicy that closes it to whatever
 * brings no policy of its own, and, where asked, a ResourceQuota and a LimitRange. Where the environment has a mesh, every pod of a
 * closed namespace gets a proxy, which lets nobody in but whom a policy names. Refuses a quantity that is none, and a
 * minimum above 10m or 32Mi: sidecars and operators' pods ask for less and would be turned away.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export class Namespace extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, props: NamespaceProps = {}) {
    super(scope, id);
    const { name = namespaceOf(this), podSecurity = 'restricted', network = 'closed', quota, limits } = props;
    const { kubernetes, mesh } = environmentOf(this);
    this.name = name;
    levelsOf(this).set(name, podSecurity);
    const meshed = mesh === 'linkerd' && network === 'closed';

    new KubeNamespace(this, 'namespace', {
      metadata: {
        name,
        labels: Object.fromEntries(
          ['enforce', 'audit', 'warn'].flatMap((mode) => [
            [`pod-security.kubernetes.io/${mode}`, podSecurity],
            [`pod-security.kubernetes.io/${mode}-version`, `v${kubernetes}`],
          ]),
        ),
        annotations: meshed ? { ...meshAnnotations } : undefined,
      },
    });
    if (meshed) {
      refuse(this, joinMesh(this, name));
      new ProxyMetrics(this, 'proxy-metrics', name);
    }
    if (network === 'closed') {
      new KubeNetworkPolicy(this, 'default-deny', {
        metadata: { name: 'default-deny', namespace: name },
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      });
    }
    if (quota) {
      new KubeResourceQuota(this, 'quota', {
        metadata: { name: 'quota', namespace: name },
        spec: { hard: { ...quota } },
      });
    }
    if (limits) {
      new KubeLimitRange(this, 'limits', {
        metadata: { name: 'limits', namespace: name },
        spec: { limits: [{ type: 'Container', ...limits }] },
      });
    }
    // Before the first pod.
    declare(this, { layer: 'namespaces' });
    refuse(this, [
      ...nameProblems(name),
      ...quantityProblems('quota', quota),
      ...Object.entries(limits ?? {}).flatMap(([bound, amounts]) => quantityProblems(`limits.${bound}`, amounts)),
      ...minimumProblems(limits?.min),
    ]);
  }
}

type Level = NonNullable<NamespaceProps['podSecurity']>;

/** Of every Namespace of an app. */
const levels = new WeakMap<IConstruct, Map<string, Level>>();

function levelsOf({ node: { root } }: IConstruct): Map<string, Level> {
  const known = levels.get(root) ?? new Map();
  levels.set(root, known);
  return known;
}

/** Pod Security level of a namespace that was constructed before. */
export const podSecurityOf = (scope: IConstruct, namespace: string) => levelsOf(scope).get(namespace);

const quantityProblems = (field: string, amounts: Quantities = {}) =>
  Object.entries(amounts)
    .filter(([, amount]) => Number.isNaN(amountOf(amount)))
    .map(([resource, amount]) => `${field}.${resource}: "${amount}" is not a quantity; write it like 100m, 2, 256Mi`);

const minimumProblems = (min: Quantities = {}) =>
  Object.entries({ cpu: '10m', memory: '32Mi' })
    .filter(([resource, most]) => amountOf(min[resource] ?? '0') > amountOf(most))
    .map(([resource, most]) => `limits.min.${resource}: ${min[resource]} turns small sidecars away; at most ${most}`);
