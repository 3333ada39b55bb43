import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platforms as listed } from '../charts/platforms.ts';
import { residentsOf } from '../synth/fit/residents.ts';
import { groupBy } from '../synth/group-by.ts';
import { imageReference, repositoryOf } from '../synth/image-reference.ts';
import { ARCHS, withPlatforms } from '../synth/platform-list.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { synthesized } from './described.ts';
import { architecturesOf } from './oci/architectures.ts';
import { allEnvironments, root } from './project.ts';

/**
 * Asks registries which architectures images exist for, and writes charts/platforms.ts: these images, or all that the
 * environments render with a tag, own ones left out. Of a repository with several tags, what all of them have. What no
 * registry answers for stays as it is, and is named; exit code 1.
 */
export async function platforms(wanted: readonly string[], { format }: { readonly format: Format }) {
  const images = wanted.length ? wanted : await rendered();
  const asked = await Promise.all(
    images.map(async (image) => ({
      image,
      repository: repositoryOf(image),
      archs: await architecturesOf(image).catch((error: Error) => error),
    })),
  );

  const missed: { image: string; why: string }[] = [];
  const found = new Map<string, { source: string; archs: readonly string[] }>();
  for (const [repository, tags] of groupBy(asked, (each) => each.repository)) {
    const failed = tags.filter(({ archs }) => archs instanceof Error);
    for (const { image, archs } of failed) missed.push({ image, why: reasonOf(archs as Error) });
    if (!failed.length) {
      const each = tags.map(({ archs }) => archs as string[]);
      const archs = ARCHS.filter((arch) => each.every((has) => has.includes(arch)));
      found.set(repository, {
        source: `Its registry, for ${tags.map(({ image }) => versionOf(image)).join(', ')}`,
        archs,
      });
    }
  }

  const file = join(root, 'charts/platforms.ts');
  const before = readFileSync(file, 'utf8');
  const after = withPlatforms(before, found);
  if (after !== before) writeFileSync(file, after);
  if (missed.length) process.exitCode = 1;
  const changed = [...found].flatMap(([repository, { archs }]) => {
    const before = listed[repository];
    return before?.join() === archs.join() ? [] : [{ repository, before, after: archs }];
  });
  const repositories = new Set(asked.map(({ repository }) => repository)).size;
  if (format === 'json') return console.log(jsonOf({ repositories, answered: found.size, changed, missed }));
  for (const { image, why } of missed) console.error(`${image}: not asked, ${why}`);
  for (const { repository, before, after } of changed) {
    console.log(`${repository}: ${before?.join(', ') ?? 'new,'} -> ${after.join(', ')}`);
  }
  console.log(`${found.size} of ${repositories} asked`);
}

/** Images with a tag or digest that somebody else makes; those of charts have theirs in the chart. */
async function rendered(): Promise<string[]> {
  const images = new Set<string>();
  for (const name of allEnvironments()) {
    const { index } = (await synthesized(name)).synthesis;
    const own = new Set(index.declared.flatMap(({ platforms = {} }) => Object.keys(platforms)));
    for (const { image } of residentsOf(index).flatMap((resident) => resident.images)) {
      if (versionOf(image) && !own.has(repositoryOf(image))) images.add(image);
    }
  }
  return [...images].sort();
}

const versionOf = (image: string) => {
  const { tag, digest } = imageReference(image);
  return tag ?? digest;
};

/** `fetch failed` has what it failed of in its cause. */
const reasonOf = ({ message, cause }: Error) => (cause instanceof Error ? `${message}: ${cause.message}` : message);
