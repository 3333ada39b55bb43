/** One commit of the first parents' line, as `git log` says it. */
export interface Commit {
  readonly sha: string;
  /** Subject and body, and of a merge those of what it brought too. */
  readonly messages: readonly string[];
  /** Tags on it. @default - none */
  readonly tags?: readonly string[];
}

type Step = 'major' | 'minor' | 'patch';

/**
 * What a commit changes, by the form of its message: `feat!:` or a BREAKING CHANGE in the body is a major step, `feat:` a minor
 * one, everything else a patch.
 * @see https://www.conventionalcommits.org
 */
export function stepOf({ messages }: Commit): Step {
  if (messages.some(isBreaking)) return 'major';
  return messages.some((message) => /^feat(\([^)]*\))?:/.test(message)) ? 'minor' : 'patch';
}

const isBreaking = (message: string) =>
  /^\w+(\([^)]*\))?!:/.test(message) || /^BREAKING[ -]CHANGE: /m.test(message.replace(/^.*/, ''));

const VERSION = /^v(\d+)\.(\d+)\.(\d+)$/;

/**
 * The version of the newest commit: that of the nearest commit tagged `vX.Y.Z`, and a step for each one since; `0.1.0` is the
 * first of all. Every commit has a higher one than the commit before it, so that among what was built of one branch the
 * highest version is the newest build. Newest commit first.
 */
export function versionOf(commits: readonly Commit[]): string {
  if (!commits.length) throw new Error('no commit, and so no version; commit first');
  const tagged = commits.findIndex(({ tags = [] }) => tags.some((tag) => VERSION.test(tag)));
  const since = tagged < 0 ? commits.slice(0, -1) : commits.slice(0, tagged);
  let [major, minor, patch] = tagged < 0 ? [0, 1, 0] : highest(commits[tagged]!.tags!);
  for (const commit of since.toReversed()) {
    const step = stepOf(commit);
    if (step === 'major') [major, minor, patch] = [major + 1, 0, 0];
    else if (step === 'minor') [minor, patch] = [minor + 1, 0];
    else patch += 1;
  }
  return `${major}.${minor}.${patch}`;
}

/** Of several on one commit. */
function highest(tags: readonly string[]): [number, number, number] {
  const versions = tags.flatMap((tag) => {
    const [, ...parts] = VERSION.exec(tag) ?? [];
    return parts.length ? [parts.map(Number) as [number, number, number]] : [];
  });
  return versions.sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2])[0]!;
}

/** `v2.1.0-a3f5c2b-prod`: version, commit and where it may run; and the alias of the version alone. */
export function tagsOf(version: string, sha: string, environment: string) {
  return { tag: `v${version}-${sha.slice(0, 7)}-${environment}`, alias: `v${version}` };
}
