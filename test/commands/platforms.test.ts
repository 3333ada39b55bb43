import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { architecturesOf } from '../../commands/oci/architectures.ts';
import { withPlatforms } from '../../synth/platform-list.ts';
import { documentedShapes } from '../json-shapes.ts';
import { workspace } from '../workspace.ts';

// A registry on this machine, of the kinds that there are.

const index = 'application/vnd.oci.image.index.v1+json';
const manifest = 'application/vnd.docker.distribution.manifest.v2+json';
const platform = (architecture: string, os = 'linux') => ({ platform: { os, architecture } });

const answers: Record<string, [type: string, body: object]> = {
  'team/app/manifests/1': [
    index,
    { manifests: [platform('arm64'), platform('amd64'), platform('unknown', 'unknown')] },
  ],
  'team/windows/manifests/1': [
    index,
    { manifests: [platform('amd64', 'windows'), platform('amd64'), platform('s390x')] },
  ],
  'team/single/manifests/1': [manifest, { config: { digest: 'sha256:1', mediaType: 'application/json' } }],
  'team/single/blobs/sha256:1': ['application/json', { os: 'linux', architecture: 'arm64' }],
  'team/app/manifests/sha256:2': [index, { manifests: [platform('amd64')] }],
  'library/postgres/manifests/16.15-bookworm': [index, { manifests: [platform('amd64'), platform('arm64')] }],
  'library/postgres/manifests/15.18-bookworm': [index, { manifests: [platform('amd64')] }],
  'closed/app/manifests/1': [index, { manifests: [platform('amd64')] }],
};

let registry: string;
const asked: string[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { url = '', headers } = request;
  asked.push(url);
  const json = (type: string, body: object) =>
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(body));
  if (url.startsWith('/token')) return json('application/json', { token: `for ${new URL(url, 'http://x').search}` });
  if (url.includes('/closed/') && !headers.authorization?.includes('scope=repository')) {
    const challenge = `Bearer realm="http://${registry}/token",service="here",scope="repository:closed/app:pull"`;
    return response.writeHead(401, { 'www-authenticate': challenge }).end();
  }
  if (url.includes('/login/')) return response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
  const answer = answers[url.replace('/v2/', '')];
  // As registries do: a document of a kind that is not asked for is not there.
  if (!answer || !headers.accept?.includes(answer[0])) return response.writeHead(404).end();
  return json(...answer);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

describe('architecturesOf', () => {
  test.each([
    ['of an index, without what is no platform', 'team/app:1', ['amd64', 'arm64']],
    ['of Linux alone', 'team/windows:1', ['amd64', 's390x']],
    ['of one manifest, by its configuration', 'team/single:1', ['arm64']],
    ['by digest, whatever the tag is', 'team/app:1@sha256:2', ['amd64']],
    ['behind a token that anybody gets', 'closed/app:1', ['amd64']],
  ])('%s', async (_, image, archs) => {
    expect(await architecturesOf(`${registry}/${image}`)).toEqual(archs);
  });

  test('says why there is no answer', async () => {
    await expect(architecturesOf(`${registry}/team/app:2`)).rejects.toThrow('has no team/app of 2');
    await expect(architecturesOf(`${registry}/login/app:1`)).rejects.toThrow('wants a login, and there is none (401)');
    await expect(architecturesOf('127.0.0.1:1/team/app:1')).rejects.toThrow();
  });
});

test('a list keeps its order, and the source of what is as it was', () => {
  const text = "head {\n  // there\n  'a/a': ['amd64'],\n  // here\n  'c/c': ['amd64', 'arm64'],\n};\n";
  const found = new Map([
    ['b/b', { source: 'new', archs: ['arm64'] }],
    ['a/a', { source: 'asked', archs: ['amd64'] }],
    ['c/c', { source: 'asked', archs: ['amd64'] }],
  ]);
  const after =
    "head {\n  // there\n  'a/a': ['amd64'],\n  // new\n  'b/b': ['arm64'],\n  // asked\n  'c/c': ['amd64'],\n};\n";
  expect(withPlatforms(text, found)).toBe(after);
  expect(withPlatforms(after, found)).toBe(after);
  expect(() => withPlatforms('export {};\n', found)).toThrow('has no line that can be read');
});

test('npm run platforms asks for what is rendered, writes what is new, and names what has no answer', async () => {
  const space = workspace('charts');
  try {
    for (const file of readdirSync(join(space.folder, 'charts/environments'))) {
      if (file !== 'findly-dev.ts') rmSync(join(space.folder, 'charts/environments', file));
    }
    const versions = readFileSync(join(space.folder, 'charts/versions.ts'), 'utf8');
    space.write('charts/versions.ts', versions.replaceAll("'docker.io/", `'${registry}/`));
    const printed = await space.start('platforms').line(/asked\n/);
    expect(printed).toContain(`${registry}/library/postgres: new, -> `);
    expect(printed).toMatch(/rclone\/rclone:\S+: not asked, 127\.0\.0\.1:\d+ has no rclone/);
    expect(printed).toContain('1 of 2 asked');
    const list = readFileSync(join(space.folder, 'charts/platforms.ts'), 'utf8');
    expect(list).toMatch(
      / {2}\/\/ Its registry, for \S+-bookworm.*\n {2}'127\.0\.0\.1:\d+\/library\/postgres': \['amd64'.*\],\n/,
    );
    expect(list).toContain("  'docker.io/library/postgres': ['amd64', 'arm64'],\n");
    expect(asked.filter((url) => url.includes('fn-notifications'))).toEqual([]);
    // A second time: what is new is known, what has no answer still has none.
    const json = await space.start('platforms', '--format', 'json').line(/^}\n$/m);
    expect(documentedShapes().problems('## platforms', JSON.parse(json))).toEqual([]);
    expect(JSON.parse(json)).toMatchObject({
      repositories: 2,
      answered: 1,
      missed: [{ why: expect.stringContaining('has no rclone/rclone of') }],
    });
  } finally {
    space.remove();
  }
});
