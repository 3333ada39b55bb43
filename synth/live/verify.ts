import { idOf, type KubeObject, kubectlNameOf, nameOf } from '../manifest.ts';
import { at, text } from '../resolve/json.ts';
import type { Beside } from './adopt.ts';
import { applyMode, type Change, changesOf, isForced } from './drift.ts';
import { isKustomization, type Leftover } from './inventory.ts';
import { notReady, podTrouble } from './readiness.ts';
import { isImmutable } from './recreate.ts';
import type { MissingSecret } from './secrets.ts';

/** One thing in which a cluster is not as committed. */
export interface Deviation {
  /**
   * `missing`: committed and not there; `drift`: there with other fields; `refused`: the API server takes no such change;
   * `behind`: another commit was applied; `not-ready`: there and not at work; `secret`: a Secret, or a key of one, that
   * something needs; `leftover`: there by Flux and not committed.
   */
  readonly kind: (typeof KINDS)[number];
  readonly object: string;
  readonly message: string;
  readonly changes?: readonly Change[];
  readonly fix?: string;
}

/** In the order in which one has to look at them. */
export const KINDS = ['secret', 'refused', 'missing', 'drift', 'behind', 'not-ready', 'leftover'] as const;

export interface Seen {
  /** `clusters/homelab`. */
  readonly folder: string;
  /** The Kustomization that takes the folder. */
  readonly root: KubeObject | undefined;
  readonly objects: readonly Beside[];
  readonly pods: readonly KubeObject[];
  readonly secrets: readonly MissingSecret[];
  readonly leftovers: readonly Leftover[];
  /** Says of a commit that was applied why it is not what is committed here; undefined for the same content. */
  readonly behind: (commit: string) => string | undefined;
  /** Command that seals a Secret, where the environment has it sealed. */
  readonly seal: (secret: MissingSecret) => string | undefined;
}

/** Everything in which the cluster differs from what is committed. Pure: over recorded objects it says the same again. */
export function deviations(seen: Seen): Deviation[] {
  const found = [
    ...ofRoot(seen),
    ...seen.secrets.map((secret) => ofSecret(secret, seen)),
    ...seen.objects.flatMap((beside) => ofObject(beside, seen)),
    ...seen.leftovers.map(ofLeftover),
  ];
  return found.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** Bootstrap makes it, and commits it where it may; so it is looked at in either case. */
function ofRoot({ root, folder, objects, behind }: Seen): Deviation[] {
  if (!root)
    return [
      {
        kind: 'missing',
        object: `Flux Kustomization of ${folder}`,
        message: 'is not there: Flux does not follow the folder',
        fix: `flux bootstrap with --path=${folder}, or kubectl apply -k ${folder}/flux-system where it was bootstrapped before`,
      },
    ];
  if (objects.some(({ committed }) => idOf(committed) === idOf(root))) return [];
  return ofState(root, [], behind);
}

function ofObject(beside: Beside, { pods, behind }: Seen): Deviation[] {
  const { committed, live, applied, refusal } = beside;
  const object = nameOf(committed);
  if (!live) return ofAbsent(beside, object);
  const found: Deviation[] = [];
  if (applyMode(committed, live) === 'always') {
    const changes = applied ? changesOf(live, applied) : [];
    if (changes.length)
      found.push({
        kind: 'drift',
        object,
        message: `${changes.length === 1 ? 'a field is' : `${changes.length} fields are`} not as committed`,
        changes,
      });
    if (refusal !== undefined && !(isForced(committed) && isImmutable(refusal)))
      found.push({ kind: 'refused', object, message: refusal, fix: REFUSED });
  }
  return [...found, ...ofState(live, pods, behind)];
}

function ofState(live: KubeObject, pods: Seen['pods'], behind: Seen['behind']): Deviation[] {
  const object = nameOf(live);
  const found = isKustomization(live) ? ofRevision(live, object, behind) : [];
  const why = notReady(live);
  const trouble = why && podTrouble(live, pods);
  return why ? [...found, { kind: 'not-ready', object, message: trouble ? `${why}; ${trouble}` : why }] : found;
}

const REFUSED = 'nothing of its Kustomization is applied until the API server takes it; npm run adopt says how';

function ofAbsent({ committed, refusal }: Beside, object: string): Deviation[] {
  // A Job with a time to live goes when it has ended.
  if (committed.kind === 'Job' && at(committed, 'spec', 'ttlSecondsAfterFinished') !== undefined) return [];
  return [{ kind: 'missing', object, message: refusal === undefined ? 'is not there' : `is not there: ${refusal}` }];
}

/** A source of git says the commit, one of artifacts says what the artifact was made of. */
function ofRevision(live: KubeObject, object: string, behind: Seen['behind']): Deviation[] {
  const revisions = ['lastAppliedOriginRevision', 'lastAppliedRevision'].map((field) =>
    text(at(live, 'status', field)),
  );
  const revision = revisions.find((each) => each && COMMIT.test(each)) ?? revisions.find(Boolean);
  if (!revision) return [{ kind: 'behind', object, message: 'has applied nothing yet' }];
  const commit = COMMIT.exec(revision)?.[1];
  const message = commit && behind(commit);
  return message ? [{ kind: 'behind', object, message }] : [];
}

const COMMIT = /(?:^|[@/:])(?:sha1:)?([0-9a-f]{40})$/;

function ofSecret(secret: MissingSecret, { seal }: Seen): Deviation {
  const { namespace, name, keys, users, maker } = secret;
  const [first, ...others] = users;
  const needed = others.length ? `${first} and ${others.length} more need it` : `${first} needs it`;
  const command = seal(secret);
  // cert-manager makes a Certificate of that name for an Ingress that asks for one.
  const said = maker?.startsWith('Ingress ')
    ? `look at what cert-manager says: kubectl describe certificate ${name} -n ${namespace}`
    : maker && `look at what ${maker} says, which is to make it`;
  const fix = said ?? command;
  return {
    kind: 'secret',
    object: `Secret ${namespace}/${name}`,
    message: `${keys.length ? `has no ${keys.join(', ')}` : 'is not there'}; ${needed}`,
    ...(fix ? { fix } : {}),
  };
}

const ofLeftover = ({ object, owner, isGuarded }: Leftover): Deviation => ({
  kind: 'leftover',
  object: nameOf(object),
  message: `was applied by Kustomization ${owner}, and is not committed${isGuarded ? '; it is guarded against pruning' : ''}`,
  fix: isGuarded
    ? `delete it once nobody needs what is in it; or keep it, as nobody's: kubectl label ${kubectlNameOf(object)} kustomize.toolkit.fluxcd.io/name- kustomize.toolkit.fluxcd.io/namespace-`
    : 'Flux prunes it with the commit, if it still knows of it; else delete it',
});
