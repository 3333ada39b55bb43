import { groupBy } from '../group-by.ts';
import type { Origin } from '../manifest.ts';
import { type Load, sayAmount } from './capacity.ts';
import { same } from './equal.ts';
import { labelOf, unnamed } from './fold.ts';
import type { Entry, Page, Reach } from './page.ts';
import { plural } from './sides.ts';

/** One part of a page, as every format prints it. */
export interface Section {
  /** `cautions`; also the anchor in HTML. */
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly text: string;
  /** What the line is about, in front of the text. */
  readonly subject?: string;
  readonly level?: 'risky' | 'destroys' | 'good';
  readonly sources?: readonly Origin[];
  readonly steps?: readonly string[];
  /** A difference of texts, line by line. */
  readonly detail?: string;
}

/** The parts of a page in the order of their weight; what has nothing to say is left out. */
export function sectionsOf(page: Page): Section[] {
  const sections: Section[] = [
    {
      id: 'cautions',
      title: 'Cautions',
      lines: page.cautions.map(({ rule, level, message, steps, ...entry }) => ({
        ...about(entry),
        level,
        text: `${message} [${rule}]`,
        steps,
      })),
    },
    { id: 'restarts', title: 'Restarts', lines: alike(page.restarts, ({ because }) => because.join('; ')) },
    {
      id: 'scales',
      title: 'Scales',
      lines: page.scales.map(({ field, before, after, ...entry }) => ({
        ...about(entry),
        text: `${field} ${before} -> ${after}`,
      })),
    },
    { id: 'added', title: 'New', lines: byKind(page.added) },
    { id: 'removed', title: 'Gone', lines: alike(page.removed, ({ fate, why }) => `${fate}: ${why}`) },
    { id: 'reach', title: 'Reach', lines: page.reach.map(reachLine) },
    {
      id: 'images',
      title: 'Versions',
      lines: page.images.map(({ image, before, after, objects }) => ({
        subject: image,
        text: `${before} -> ${after}, in ${objects.length > 2 ? plural(objects.length, 'object') : objects.join(' and ')}`,
      })),
    },
    { id: 'capacity', title: 'Requests and limits', lines: capacityLines(page) },
    {
      id: 'secrets',
      title: 'Secrets to seal',
      lines: page.secrets.map(({ secret, keys, by }) => ({
        subject: secret,
        text: `${keys.length ? `${keys.join(', ')}; ` : ''}read by ${by.map(({ object }) => object).join(', ')}`,
        sources: by.flatMap(({ source }) => source ?? []),
      })),
    },
    {
      id: 'alerts',
      title: 'Alerts',
      lines: [...groupBy(page.alerts, ({ kind, object }) => `${kind} ${object}`).values()].map((group) => ({
        subject: group[0]!.object,
        text: `${group[0]!.kind}: ${group.map(({ alert }) => alert).join(', ')}`,
      })),
    },
    {
      id: 'exceptions',
      title: 'Accepted exceptions',
      lines: page.exceptions.map(({ rule, message, reason, ...entry }) => ({
        ...about(entry),
        text: `${message} [${rule}]; accepted: ${reason}`,
      })),
    },
    { id: 'differences', title: 'Differences', lines: differenceLines(page) },
    { id: 'notes', title: 'Not read', lines: page.notes.map((text) => ({ text })) },
  ];
  return sections.filter(({ lines }) => lines.length);
}

const about = ({ object, source }: Entry) => ({ subject: object, ...(source ? { sources: [source] } : {}) });

/** Entries of which the same is said, but for their names, stand in one line. */
const alike = <T extends Entry>(entries: readonly T[], say: (entry: T) => string): Line[] =>
  [...groupBy(entries, (entry) => unnamed(say(entry), entry)).entries()].map(([text, group]) => ({
    subject: labelOf(group),
    text: new Set(group.map(say)).size > 1 ? text : say(group[0]!),
    sources: sourcesOf(group),
  }));

export const byKind = (entries: readonly Entry[]): Line[] =>
  [...groupBy(entries, ({ object }) => object.slice(0, object.indexOf(' ')))].map(([kind, group]) => ({
    subject: kind,
    text: group.map(({ object }) => object.slice(kind.length + 1)).join(', '),
    sources: sourcesOf(group),
  }));

const sourcesOf = (entries: readonly Entry[]): Origin[] => [
  ...new Map(
    entries.flatMap(({ source }) => (source ? [[`${source.file}:${source.line}`, source] as const] : [])),
  ).values(),
];

const reachLine = ({ direction, by, message, ...entry }: Reach): Line => ({
  ...about(entry),
  level: direction === 'widened' ? 'risky' : 'good',
  text: `${message} [${by}, ${direction}]`,
});

const change = (before: Load, after: Load) =>
  `requests ${sayAmount(before.requests)} -> ${sayAmount(after.requests)}; limits ${sayAmount(before.limits)} -> ${sayAmount(after.limits)}`;

function capacityLines({ capacity }: Page): Line[] {
  if (!capacity) return [];
  const { before, after, nodes, fits } = capacity;
  return [
    { subject: 'all pods at rest', text: change(before, after) },
    ...nodes.flatMap(({ node, before, after, capacity }) =>
      same(before, after) ? [] : [{ subject: node, text: `${change(before, after)}, of ${sayAmount(capacity)}` }],
    ),
    ...(fits === undefined
      ? []
      : [
          fits
            ? ({ level: 'good', text: 'every pod finds a node' } as const)
            : ({ level: 'risky', text: 'not every pod finds a node' } as const),
        ]),
  ];
}

function differenceLines({ folds, changes }: Page): Line[] {
  const renames = changes.flatMap(({ kind, before, ...entry }) =>
    kind === 'renamed' ? [{ ...about(entry), text: `was ${before}` }] : [],
  );
  return [...renames, ...foldLines(folds)];
}

export const foldLines = (folds: Page['folds']): Line[] =>
  folds.flatMap(({ label, edits, sources }) =>
    edits.map(({ text, detail }, i) => ({ subject: label, text, detail, ...(i ? {} : { sources }) })),
  );

/** `2 changed, 1 new`. */
export function countsOf({ counts: { added, changed, renamed, removed }, removed: fates }: Page): string {
  const moved = fates.filter(({ fate }) => fate === 'moved').length;
  const parts = Object.entries({ changed, new: added, renamed, gone: removed, moved }).flatMap(([what, count]) =>
    count ? [`${count} ${what}`] : [],
  );
  return parts.join(', ') || 'nothing changes';
}

/** As a reader hears it. */
export const LEVELS: Readonly<Record<Page['verdict']['level'], string>> = {
  none: 'nothing changes',
  routine: 'routine',
  changes: 'changes behaviour',
  risky: 'risky',
  destroys: 'destroys data',
};
