import { Exceptions } from '../check/exceptions.ts';
import type { Plan } from '../flux.ts';
import { type Finding, idOf, type Manifest, nameOf } from '../manifest.ts';

/** Where a committed object stands now: its folder under `clusters/<env>`, and whether Flux is told not to prune it. */
export type Committed = (id: string) => { readonly folder: string; readonly guarded: boolean } | undefined;

/** The rule's name. It can be accepted, for a service that may be away for a moment: the exception covers each moved object. */
export const MOVED = 'moved-object';

/**
 * Refuses what would change its Flux Kustomization: the old one deletes it before the new one creates it, an outage for
 * a service and the end of a store. One finding per unit; objects guarded where they stand may move.
 */
export function movedObjects({ files }: Plan, committed: Committed, exceptions = new Exceptions([])): Finding[] {
  const units = new Map<string, { from: string; to: string; moved: Manifest[] }>();
  for (const [path, { manifests = [] }] of files) {
    const to = path.slice(0, path.indexOf('/'));
    for (const manifest of manifests) {
      const before = committed(idOf(manifest.object));
      if (!before || before.folder === to || before.guarded) continue;
      const key = `${before.folder} ${path}`;
      const unit = units.get(key) ?? { from: before.folder, to, moved: [] };
      unit.moved.push(manifest);
      units.set(key, unit);
    }
  }
  return [...units.values()].flatMap(({ from, to, moved }) => {
    const answers = moved.map(({ path }) => exceptions.accept(finding(from, to, moved), path));
    // A part that is not accepted is as bad as the whole.
    return answers.find(({ severity }) => severity === 'error') ?? answers[0]!;
  });
}

function finding(from: string, to: string, moved: readonly Manifest[]): Finding {
  const names = moved.map(({ object }) => nameOf(object));
  return {
    rule: MOVED,
    severity: 'error',
    object: names.length > 1 ? `${names[0]} and ${names.length - 1} more` : names[0]!,
    source: moved[0]!.source,
    message: `would move from Flux Kustomization ${from} to ${to}, and the old one deletes before the new one creates: ${names.join(', ')}`,
    fix: `in three pushes, waiting for Flux after each: where it stands, declare(unit, { guard: true }); move it, guard and all; take the guard away`,
  };
}
