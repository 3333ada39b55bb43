import { execFileSync } from 'node:child_process';
import { jsonOf } from '../synth/report.ts';
import { type Commit, tagsOf, versionOf } from '../synth/version.ts';
import { Refusal } from './project.ts';

export interface NextVersionOptions {
  /** Repository to look at. */
  readonly repo: string;
  /** Only commits that touch this folder count: one service of many. */
  readonly path?: string;
  /** The last part of the tag. */
  readonly environment: string;
  readonly format: 'text' | 'json' | 'github';
}

/** Prints the version of the checked-out commit and the tags of the image that is built of it. */
export function nextVersion({ repo, path, environment, format }: NextVersionOptions) {
  if (!/^[a-z]+$/.test(environment)) {
    throw new Refusal(`--environment ${environment}: is the last part of a tag, letters a-z alone; use prod or dev`);
  }
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', ['-C', repo, ...args], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 28 });
    } catch (error) {
      const { stderr, code } = error as { readonly stderr: string | null; readonly code?: string };
      const reason = code === 'ENOENT' ? 'git is not installed' : `git ${args[0]} failed: ${stderr?.trim()}`;
      throw new Refusal(`${repo}: ${reason}`);
    }
  };
  if (git('rev-parse', '--is-shallow-repository').trim() === 'true') {
    throw new Refusal(`${repo}: only part of the history is here, versions count commits; fetch all: fetch-depth: 0`);
  }
  const history = git('log', '--first-parent', '--format=%H%x00%P%x00%D%x00%B%x01').split('\x01');
  const touching = path && new Set(git('log', '--first-parent', '--format=%H', '--', path).split('\n'));
  const commits: Commit[] = [];
  for (const entry of history) {
    const [sha = '', parents = '', decoration = '', message = ''] = entry.trim().split('\0');
    const tags = [...decoration.matchAll(/tag: ([^,]+)/g)].map(([, tag]) => tag!);
    if (!sha || (touching && !touching.has(sha) && !tags.length)) continue;
    const [first, ...merged] = parents.split(' ');
    const brought = merged.length
      ? git('log', '--format=%B%x01', `${first}..${sha}`, '--', path ?? '.').split('\x01')
      : [];
    commits.push({ sha, messages: [message, ...brought].map((each) => each.trim()), tags });
  }
  const newest = commits.find(({ sha }) => !touching || touching.has(sha));
  if (!newest) throw new Refusal(`${path ?? repo}: no commit touches it, so nothing was ever built of it`);

  const version = versionOf(commits);
  const { tag, alias } = tagsOf(version, newest.sha, environment);
  if (format === 'json') console.log(jsonOf({ next: version, tag, alias, sha: newest.sha }));
  else if (format === 'github') console.log(`version=${version}\ntag=${tag}\nalias=${alias}\nsha=${newest.sha}`);
  else console.log(tag);
}
