import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import type { Plain } from './environment.ts';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const workflows = ['check.yml', 'synth.yml'].map((file) => {
  const text = readFileSync(at(`.github/workflows/${file}`), 'utf8');
  return { file, text, workflow: load(text) as Plain };
});
const { scripts } = JSON.parse(readFileSync(at('package.json'), 'utf8'));

describe.each(workflows)('$file', ({ text, workflow }) => {
  const steps: Plain[] = Object.values<Plain>(workflow.jobs).flatMap(({ steps }) => steps);

  test('pins every action by the hash of a commit, and says which version that is', () => {
    const uses = text.match(/uses: .*/g)!;
    expect(uses).toHaveLength(steps.filter((step) => step.uses).length);
    for (const line of uses) expect(line).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('runs npm scripts that there are', () => {
    const named = text.match(/npm run (?:--silent )?([\w:]+)/g)!.map((line) => line.split(' ').at(-1)!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('takes no secret, and no text of a pull request into a script', () => {
    expect(text).not.toContain('secrets.');
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });
});

describe('the comment', () => {
  const received: { method: string; url: string; body: Plain }[] = [];
  let comments: { id: number; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '' } = request;
    if (method !== 'GET') received.push({ method, url, body: JSON.parse(Buffer.concat(chunks).toString()) });
    if (request.headers.authorization !== 'Bearer given') response.statusCode = 403;
    response.end(JSON.stringify(method === 'GET' ? comments : {}));
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve())));
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function comment(text: string, token = 'given') {
    received.length = 0;
    const file = join(mkdtempSync(join(tmpdir(), 'comment-')), 'review.md');
    writeFileSync(file, text);
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, [at('.github/comment.mjs'), file], {
      env: {
        GITHUB_API_URL: `http://127.0.0.1:${port}/api/v1`,
        GITHUB_REPOSITORY: 'owner/fleet',
        GITHUB_TOKEN: token,
        PULL_REQUEST: '7',
      },
    });
    return (await once(child, 'close'))[0];
  }

  test('is written once, and edited from then on', async () => {
    comments = [{ id: 1, body: 'looks good' }];
    expect(await comment('routine')).toBe(0);
    expect(received).toMatchObject([{ method: 'POST', url: '/api/v1/repos/owner/fleet/issues/7/comments' }]);
    comments.push({ id: 2, body: received[0]!.body.body });
    expect(await comment('risky')).toBe(0);
    expect(received).toMatchObject([
      {
        method: 'PATCH',
        url: '/api/v1/repos/owner/fleet/issues/comments/2',
        body: { body: expect.stringContaining('risky') },
      },
    ]);
  });

  test('stays within what a forge takes, and says where the rest is', async () => {
    await comment('x'.repeat(70_000));
    const { body } = received[0]!.body;
    expect(body).toHaveLength(65_536);
    expect(body).toMatch(/The rest is in the job summary\.$/);
  });

  test('that is refused fails the step', async () => {
    expect(await comment('routine', 'none')).not.toBe(0);
  });
});
