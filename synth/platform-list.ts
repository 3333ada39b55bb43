import type { Arch } from '../imports/environment.ts';

/** One line of charts/platforms.ts and the comment above it. */
interface Entry {
  readonly source: string;
  readonly archs: readonly string[];
}

/** What nodes can be: the rest of what a registry answers is left out. */
export const ARCHS: readonly Arch[] = ['amd64', 'arm64'];

const LINE = /^ {2}\/\/ (.+)\n {2}'([^']+)': \[(.*)\],\n/gm;

/** Text of charts/platforms.ts with these entries in the place of older ones, in order; the same text where nothing is new. */
export function withPlatforms(text: string, found: ReadonlyMap<string, Entry>): string {
  const lines = [...text.matchAll(LINE)];
  const [first] = lines;
  const last = lines.at(-1);
  if (!first || !last) throw new Error('charts/platforms.ts: has no line that can be read, of a source and an image');
  const entries = new Map(
    lines.map(([, source, repository, archs]): [string, Entry] => [
      repository!,
      { source: source!, archs: [...archs!.matchAll(/'([^']+)'/g)].map(([, arch]) => arch!) },
    ]),
  );
  for (const [repository, entry] of found) {
    // A source that says the same stays: it may be a better one.
    if (entries.get(repository)?.archs.join() !== entry.archs.join()) entries.set(repository, entry);
  }
  const body = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([repository, { source, archs }]) => {
      const list = archs.map((arch) => `'${arch}'`).join(', ');
      return `  // ${source}\n  '${repository}': [${list}],\n`;
    });
  return text.slice(0, first.index) + body.join('') + text.slice(last.index + last[0].length);
}
