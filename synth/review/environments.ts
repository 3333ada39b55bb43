import colors from '../colors.ts';
import { idOf } from '../manifest.ts';
import type { Index } from '../resolve.ts';
import { type Fold, foldsOf } from './fold.ts';
import { listed } from './listed.ts';
import { named, renamed } from './named.ts';
import type { Entry, Listed } from './page.ts';
import { byKind, foldLines } from './sections.ts';
import { sidesOf } from './sides.ts';
import { lineOf } from './text.ts';
import type { Edit } from './values.ts';

/** One environment as it is rendered. */
export interface RenderedEnvironment {
  readonly name: string;
  readonly index: Index;
}

/** What two environments differ in, besides their names. */
export interface EnvironmentDifference {
  readonly from: string;
  readonly to: string;
  readonly onlyFrom: readonly Entry[];
  readonly onlyTo: readonly Entry[];
  /** The same difference over many objects is one. */
  readonly folds: readonly Fold[];
}

/**
 * Compares what two environments render, the first by the name of the second: folders, paths in Vault and buckets that
 * are called after their environment are alike. Checksums are left out, what they are of differs by itself.
 */
export function environmentDifference(from: RenderedEnvironment, to: RenderedEnvironment): EnvironmentDifference {
  const sources = new Map(
    [from, to].flatMap(({ index }) =>
      index.manifests.map(({ object, source }) => [idOf(named(object, from.name, to.name)), source]),
    ),
  );
  const base = {
    ...from.index,
    manifests: from.index.manifests.map((manifest) => ({
      ...manifest,
      object: named(manifest.object, from.name, to.name),
    })),
  };
  const sides = sidesOf(base, to.index, (object) => sources.get(idOf(object)));
  const changes = listed(sides);
  const only = (kind: Listed['kind']) => changes.filter((change) => change.kind === kind);
  return {
    from: from.name,
    to: to.name,
    onlyFrom: only('removed').map((entry) => ({ ...entry, object: renamed(entry.object, to.name, from.name) })),
    onlyTo: only('added'),
    folds: foldsOf(changes.flatMap((change) => withoutChecksums(change))),
  };
}

function withoutChecksums(change: Listed): Listed[] {
  const edits = change.edits?.filter(({ path }: Edit) => !`${path.at(-1)}`.startsWith('checksum/')) ?? [];
  return edits.length ? [{ ...change, edits }] : [];
}

/** For a terminal. */
export function textDifference({ from, to, onlyFrom, onlyTo, folds }: EnvironmentDifference): string {
  const sections = [
    { title: `Only in ${from}`, lines: byKind(onlyFrom) },
    { title: `Only in ${to}`, lines: byKind(onlyTo) },
    { title: `${from} -> ${to}`, lines: foldLines(folds) },
  ].filter(({ lines }) => lines.length);
  if (!sections.length) return `${from} and ${to} differ in nothing but their names`;
  return sections.map(({ title, lines }) => `${colors.bold(title)}\n${lines.map(lineOf).join('\n')}`).join('\n\n');
}
