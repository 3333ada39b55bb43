import { groupBy } from '../group-by.ts';
import { nameOf } from '../manifest.ts';
import type { Index } from '../resolve.ts';
import { alertCautions, alertsOf } from './alerts.ts';
import { capacityCautions, capacityOf } from './capacity.ts';
import { exposureCautions, exposureReach, privilegeReach } from './exposure.ts';
import { fluxCautions } from './flux.ts';
import { foldsOf } from './fold.ts';
import { imageCautions, imagesOf, isRoutine } from './images.ts';
import { immutableCautions } from './immutables.ts';
import { beyondNames, listed } from './listed.ts';
import { networkCautions, networkReach } from './network.ts';
import type { Caution, Page } from './page.ts';
import { referenceCautions, secretsOf } from './references.ts';
import { removalCautions, removalsOf } from './removals.ts';
import { rightsCautions, rightsReach } from './rights.ts';
import { restartsOf, rolloutCautions, scalesOf } from './rollouts.ts';
import { plural, type Sides, type SourceOf, sidesOf } from './sides.ts';
import { sizeCautions } from './size.ts';

export interface ReviewFacts {
  readonly environment: string;
  /** The line that makes an object. @default - its line of YAML */
  readonly sourceOf?: SourceOf;
  /** @default - none */
  readonly exceptions?: Page['exceptions'];
  /** What could not be read. */
  readonly notes?: readonly string[];
}

/** Everything that changes between two trees of one environment, and what it will do. */
export function reviewOf(
  base: Index,
  head: Index,
  { environment, sourceOf, exceptions = [], notes = [] }: ReviewFacts,
): Page {
  const sides = sidesOf(base, head, sourceOf);
  const restarts = restartsOf(sides);
  const removed = removalsOf(sides);
  const reach = [...networkReach(sides), ...rightsReach(sides), ...exposureReach(sides), ...privilegeReach(sides)];
  const images = imagesOf(sides);
  const capacity = capacityOf(sides);
  const secrets = secretsOf(sides);
  const alerts = alertsOf(sides);
  const cautions = [
    ...removalCautions(sides, removed),
    ...immutableCautions(sides),
    ...fluxCautions(sides, removed),
    ...rolloutCautions(sides),
    ...referenceCautions(sides, secrets, environment),
    ...capacityCautions(sides),
    ...networkCautions(reach),
    ...rightsCautions(sides, reach),
    ...exposureCautions(sides, reach),
    ...imageCautions(sides),
    ...alertCautions(sides, alerts),
    ...sizeCautions(sides),
  ].sort((a, b) => RANK[a.level] - RANK[b.level]);
  const changes = listed(sides);
  const kinds = groupBy(changes, ({ kind }) => kind);
  const count = (kind: (typeof changes)[number]['kind']) => kinds.get(kind)?.length ?? 0;
  const page = {
    environment,
    counts: { added: count('added'), changed: count('changed'), renamed: count('renamed'), removed: count('removed') },
    cautions,
    restarts,
    scales: scalesOf(sides),
    added: sides.changes.flatMap((change) => (change.kind === 'added' ? [sides.entry(change.after)] : [])),
    removed,
    reach,
    images,
    ...(capacity ? { capacity } : {}),
    secrets,
    alerts,
    exceptions,
    folds: foldsOf(listed(beyondNames(sides))),
    changes,
    notes,
  };
  return { ...page, verdict: verdictOf(page, sides) };
}

const RANK: Readonly<Record<Caution['level'], number>> = { destroys: 0, risky: 1 };

function verdictOf(
  { cautions, images, restarts, added, removed }: Omit<Page, 'verdict'>,
  sides: Sides,
): Page['verdict'] {
  const [first, ...more] = cautions;
  if (first) {
    const others = more.length ? ` (and ${more.length} more)` : '';
    return { level: first.level, why: `${first.object}: ${first.message}${others}` };
  }
  if (!sides.changes.length) return { level: 'none', why: 'no object changes' };
  if (isRoutine(sides)) {
    const bumps = images.map(({ image, before, after }) => `${image} ${before} -> ${after}`);
    return { level: 'routine', why: `only versions change: ${bumps.join(', ')}` };
  }
  const parts = [
    ...(restarts.length
      ? [`${plural(restarts.length, 'workload')} ${restarts.length === 1 ? 'restarts' : 'restart'}`]
      : []),
    ...(added.length ? [`${plural(added.length, 'object')} new`] : []),
    ...(removed.length ? [`${plural(removed.length, 'object')} gone`] : []),
  ];
  const names = sides.changes
    .slice(0, 3)
    .map((change) => nameOf(change.kind === 'removed' ? change.before : change.after));
  return {
    level: 'changes',
    why:
      parts.join(', ') ||
      `nothing restarts; ${names.join(', ')}${sides.changes.length > 3 ? ` and ${sides.changes.length - 3} more` : ''} ${sides.changes.length === 1 ? 'changes' : 'change'}`,
  };
}
