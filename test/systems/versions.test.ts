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

test('the comment names what the version is of', () => {
  const lines = read('charts/versions.ts').matchAll(/depName=(\S+).*\n *'?([\w-]+)'?: (.*)/g);
  for (const [, dependency, name, value] of lines) {
    const [repository] = /[\w./-]+(?=:[^/]*$)/.exec(value!) ?? [];
    expect(value!.includes('version:') ? dependency!.endsWith(name!) : dependency === repository).toBe(true);
  }
});
