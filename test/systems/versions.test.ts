import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { charts, hosts, images, sources } from '../../charts/versions.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('Renovate finds every version in versions.ts', () => {
  const { customManagers } = JSON.parse(read('renovate.json'));
  const found = [...read('charts/versions.ts').matchAll(new RegExp(customManagers[0].matchStrings[0], 'g'))];
  expect(found.map(({ groups }) => groups!['currentValue'])).toEqual([
    ...[...Object.values(charts), ...Object.values(sources)].map(({ version }) => version),
    ...Object.values(images).map((image) => image.slice(image.lastIndexOf(':') + 1)),
    ...Object.values(hosts).map(({ version }) => version),
  ]);
});

test('Renovate looks for them in that file alone, and never under clusters/', () => {
  const { customManagers, ignorePaths } = JSON.parse(read('renovate.json'));
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
  const files = tracked.split('\n').filter(Boolean);
  const patterns = customManagers[0].managerFilePatterns.map((pattern: string) => new RegExp(pattern.slice(1, -1)));
  expect(files.filter((file) => patterns.some((pattern: RegExp) => pattern.test(file)))).toEqual([
    'charts/versions.ts',
  ]);
  // Its globs are minimatch's: `**` at the end is everything below.
  const ignored = ignorePaths.flatMap((glob: string) => (/^[^*]+\/\*\*$/.test(glob) ? [glob.slice(0, -2)] : []));
  const rendered = files.filter((file) => file.startsWith('clusters/'));
  expect(rendered.length).toBeGreaterThan(100);
  expect(rendered.filter((file) => !ignored.some((folder: string) => file.startsWith(folder)))).toEqual([]);
});

test("Renovate goes on with a branch that synth.yml has rendered, which it would take for a person's else", () => {
  const [, author] = /user\.email=(\S+)/.exec(read('.github/workflows/synth.yml'))!;
  expect(JSON.parse(read('renovate.json')).gitIgnoredAuthors).toContain(author);
});

test('what Renovate puts in the place of a version is that version alone', () => {
  const [{ matchStrings }] = JSON.parse(read('renovate.json')).customManagers;
  const text = read('charts/versions.ts');
  const matches = [...text.matchAll(new RegExp(matchStrings[0], 'g'))];
  for (const { 0: match, groups } of matches) {
    const { currentValue, datasource, depName, registryUrl } = groups!;
    expect(match.endsWith(`${currentValue}'`)).toBe(true);
    // Of a chart in a Helm repository, the address that Flux asks too.
    if (datasource === 'helm') expect(match).toContain(`from: '${registryUrl}', version: '${currentValue}'`);
    // Of a chart in a registry, the address and the name.
    const [, name, from] = /'?([\w-]+)'?: \{ from: 'oci:\/\/([^']+)'/.exec(match) ?? [];
    if (from) expect(depName).toBe(`${from}/${name}`);
  }
  // No comment without a version below it.
  expect(matches).toHaveLength(text.match(/\/\/ renovate:/g)!.length);
});

test('the comment names what the version is of', () => {
  const lines = read('charts/versions.ts').matchAll(/depName=(\S+).*\n *'?([\w-]+)'?: (.*)/g);
  for (const [, dependency, name, value] of lines) {
    const [repository] = /[\w./-]+(?=:[^/]*$)/.exec(value!) ?? [];
    expect(value!.includes('version:') ? dependency!.endsWith(name!) : dependency === repository).toBe(true);
  }
});
