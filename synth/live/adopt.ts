import { groupOf, type KubeObject, kubectlNameOf } from '../manifest.ts';
import { at, text } from '../resolve/json.ts';
import { applyMode, type Change, changesOf, isForced, OWNER_NAME, OWNER_NAMESPACE, restartsPods } from './drift.ts';
import { ownerOf } from './inventory.ts';
import { type Owner, ownedBySomeoneElse } from './owner.ts';
import { isImmutable, type Recreation, recreationOf } from './recreate.ts';

/** One committed object beside what the cluster has of it. */
export interface Beside {
  /** Marked as that of its Kustomization. */
  readonly committed: KubeObject;
  readonly kustomization: string;
  readonly live?: KubeObject;
  /** What the API server would make of it; undefined where it was not asked. */
  readonly applied?: KubeObject;
  /** Why it would make nothing of it. */
  readonly refusal?: string;
}

export type Verdict =
  | { readonly verdict: 'new'; readonly note?: string }
  | {
      readonly verdict: 'adopt';
      readonly changes: readonly Change[];
      readonly restarts: boolean;
      readonly note?: string;
    }
  | ({ readonly verdict: 'recreate'; readonly reason: string } & Recreation)
  | ({ readonly verdict: 'refuse' } & Owner);

/** A Helm release that is installed. */
export interface Release {
  readonly namespace: string;
  readonly name: string;
  readonly revision: string;
}

/** What the cluster has beside the objects themselves. */
export interface Installed {
  readonly releases: readonly Release[];
  /** Secrets, as `<namespace>/<name>`, that the sealed-secrets controller would not touch. */
  readonly unmanaged: ReadonlySet<string>;
  /** Flux Kustomizations, as `<namespace>/<name>`. */
  readonly kustomizations: ReadonlySet<string>;
}

/** What will become of each object at the first push that Flux applies. */
export function verdictOf(beside: Beside, { releases, unmanaged, kustomizations }: Installed): Verdict {
  const { committed, kustomization, live, applied, refusal } = beside;
  const taken = releaseOf(committed, releases);
  const note =
    taken &&
    `upgrades the Helm release ${taken.namespace}/${taken.name} (revision ${taken.revision}) that is installed`;
  const secret = `${committed.metadata.namespace}/${committed.metadata.name}`;
  if (committed.kind === 'SealedSecret' && unmanaged.has(secret)) return { verdict: 'refuse', ...inTheWay(committed) };
  if (!live) {
    if (refusal !== undefined && !isAwaited(refusal)) return { verdict: 'refuse', reason: refusal, fix: FIX };
    return { verdict: 'new', ...(note && { note }) };
  }
  const owner = ownedBySomeoneElse(live, kustomization, kustomizations);
  if (owner) return { verdict: 'refuse', ...owner };
  if (applyMode(committed, live) !== 'always')
    return { verdict: 'adopt', changes: [], restarts: false, note: 'it stays as it is: Flux is told not to change it' };
  if (applied) {
    const changes = changesOf(live, applied).filter(({ field }) => !MARKS.has(field));
    return { verdict: 'adopt', changes, restarts: restartsPods(live, changes), ...(note && { note }) };
  }
  const reason = refusal ?? 'the API server was not asked';
  if (!isImmutable(reason)) return { verdict: 'refuse', reason, fix: byHand(live, reason) ?? FIX };
  const { fields, steps } = recreationOf(committed, live);
  return isForced(committed)
    ? {
        verdict: 'recreate',
        reason,
        fields,
        steps: ['Flux deletes it and makes it anew by itself: its force annotation says so'],
      }
    : { verdict: 'recreate', reason, fields, steps };
}

const FIX = 'correct it in TypeScript, npm run synth, and ask again';

/** A strategy that the server has filled in stays when another one is applied, and the two are refused together. */
function byHand(live: KubeObject, reason: string): string | undefined {
  if (!/rollingUpdate: (?:Forbidden|Invalid value)/.test(reason)) return undefined;
  const [field, type] = live.kind === 'Deployment' ? ['strategy', 'Recreate'] : ['updateStrategy', 'OnDelete'];
  const patch = JSON.stringify({ spec: { [field]: { type, rollingUpdate: null } } });
  return `take the other strategy's settings out once, no pod restarts by it: kubectl patch ${kubectlNameOf(live)} --type=merge -p '${patch}'`;
}

/** The sealed-secrets controller overwrites nothing that it has not made, unless it is told to. */
const inTheWay = ({ metadata: { name, namespace } }: KubeObject): Owner => ({
  reason: `cannot become the Secret of that name, which is there and not the sealed-secrets controller's`,
  fix: `seal the values that it has, then hand it over: kubectl annotate secret ${name} -n ${namespace} sealedsecrets.bitnami.com/managed=true`,
});

/** What a push brings before it. */
const isAwaited = (refusal: string) =>
  /no matches for kind|ensure CRDs are installed|namespaces? "[^"]*" not found/.test(refusal);

const MARKS = new Set([OWNER_NAME, OWNER_NAMESPACE].map((label) => `metadata.labels["${label}"]`));

/** helm-controller upgrades what is installed under the name that it would install. */
function releaseOf(
  { apiVersion, kind, metadata, spec }: KubeObject,
  releases: readonly Release[],
): Release | undefined {
  if (kind !== 'HelmRelease' || groupOf(apiVersion) !== 'helm.toolkit.fluxcd.io') return undefined;
  const target = text(at(spec, 'targetNamespace'));
  const name = text(at(spec, 'releaseName')) ?? (target ? `${target}-${metadata.name}` : metadata.name);
  const namespace = text(at(spec, 'storageNamespace')) ?? metadata.namespace;
  return releases.find((release) => release.namespace === namespace && release.name === name);
}

/** Whether Flux has it already. */
export const isOurs = ({ live, kustomization }: Beside, { kustomizations }: Installed) =>
  live !== undefined && ownerOf(live) === kustomization && kustomizations.has(kustomization);
