import { Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { KubeLimitRange, KubeNamespace, KubeNetworkPolicy, KubeResourceQuota } from '../imports/k8s.ts';
import { declare, refuse } from '../imports/relations.ts';
import { nameProblems, namespaceOf } from './labels.ts';
import { joinMesh, meshAnnotations } from './mesh.ts';
import { type Needs, needsOf, type PodNeeds } from './namespace-needs.ts';
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
  /**
   * Sums over all pods: `{ 'limits.memory': '8Gi', pods: '40' }`; or what is rendered here at the busiest, and `headroom`
   * percent of it, with the LimitRange that such sums need. @default - none
   */
  readonly quota?: Quantities | { readonly headroom: number };
  /** Bounds and defaults of one container. @default - none */
  readonly limits?: Limits;
}

export interface Limits {
  readonly min?: Quantities;
  readonly max?: Quantities;
  readonly default?: Quantities;
  readonly defaultRequest?: Quantities;
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
    const { name = namespaceOf(this), podSecurity = 'restricted', network = 'closed' } = props;
    const { quota, limits } = props.quota && 'headroom' in props.quota ? fitting(this, name, props) : fixed(props);
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
        spec: { hard: quota },
      });
    }
    if (limits) {
      new KubeLimitRange(this, 'limits', {
        metadata: { name: 'limits', namespace: name },
        spec: { limits: [limits] },
      });
    }
    // Before the first pod.
    declare(this, { layer: 'namespaces' });
    refuse(this, [
      ...nameProblems(name),
      ...quotaProblems(props),
      ...Object.entries(props.limits ?? {}).flatMap(([bound, amounts]) => quantityProblems(`limits.${bound}`, amounts)),
      ...minimumProblems(props.limits?.min),
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

const fixed = ({ quota, limits }: NamespaceProps) => ({
  quota: quota && { ...(quota as Quantities) },
  limits: limits && { type: 'Container' as const, ...limits },
});

/** Rendered last, when everything in the namespace is known. */
function fitting(scope: Construct, namespace: string, { quota, limits }: NamespaceProps) {
  const { headroom } = quota as { headroom: number };
  let needs: ReturnType<typeof needsOf> | undefined;
  const known = () => {
    needs ??= needsOf(scope, namespace);
    return needs;
  };
  return {
    quota: Lazy.any({ produce: () => quotaOf(known().all, headroom) }),
    limits: Lazy.any({
      produce: () => ({ type: 'Container', ...limitsOf(known().largest), ...limits }),
    }),
  };
}

const GiB = 2 ** 30;
const MiB = 2 ** 20;

/** No sum of CPU limits: most containers have none, and would have to. */
function quotaOf({ pods, cpu, memory, memoryLimit, claims, storage }: Needs, headroom: number): Quantities {
  const more = (amount: number) => amount * (1 + headroom / 100);
  return {
    pods: `${Math.ceil(more(pods))}`,
    'requests.cpu': `${Math.ceil(Math.round(more(cpu) * 1000) / 100) * 100}m`,
    'requests.memory': `${Math.ceil(more(memory) / MiB)}Mi`,
    'limits.memory': `${Math.ceil(more(memoryLimit) / MiB)}Mi`,
    persistentvolumeclaims: `${Math.ceil(more(claims))}`,
    'requests.storage': `${Math.ceil(more(storage) / GiB)}Gi`,
  };
}

/** What says nothing gets little: it is a sidecar, or an operator's pod. No minimum, they ask for less than one would guess. */
const limitsOf = ({ memoryLimit }: PodNeeds): Limits => ({
  ...(memoryLimit > 0 && { max: { memory: `${Math.ceil(memoryLimit / MiB)}Mi` } }),
  default: { memory: `${Math.min(256, Math.ceil(memoryLimit / MiB) || 256)}Mi` },
  defaultRequest: { cpu: '10m', memory: '32Mi' },
});

function quotaProblems({ quota }: NamespaceProps): string[] {
  if (!quota || !('headroom' in quota)) return quantityProblems('quota', quota);
  const { headroom } = quota;
  return typeof headroom === 'number' && headroom >= 0
    ? []
    : [`quota.headroom: ${headroom} percent is less than what is rendered; give 0 or more`];
}

const quantityProblems = (field: string, amounts: Quantities = {}) =>
  Object.entries(amounts)
    .filter(([, amount]) => Number.isNaN(amountOf(amount)))
    .map(([resource, amount]) => `${field}.${resource}: "${amount}" is not a quantity; write it like 100m, 2, 256Mi`);

const minimumProblems = (min: Quantities = {}) =>
  Object.entries({ cpu: '10m', memory: '32Mi' })
    .filter(([resource, most]) => amountOf(min[resource] ?? '0') > amountOf(most))
    .map(([resource, most]) => `limits.min.${resource}: ${min[resource]} turns small sidecars away; at most ${most}`);
