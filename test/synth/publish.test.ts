import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { compare } from '../../synth/compare.ts';
import { emitFile } from '../../synth/emit.ts';
import { withLock } from '../../synth/lock.ts';
import { type PublishOptions, publish, readTree, settle } from '../../synth/publish.ts';
import { runner } from '../workspace.ts';

type Plan = Record<string, Record<string, string>>;

const unit = (environment: string, name: string, value: string) => {
  const path = `${environment}/${name}.yaml`;
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { value } };
  return { [path]: emitFile({ path, source: 'charts/notifi/services.ts', objects: [object] }) };
};
const before: Plan = {
  studio: {
    ...unit('studio', 'notifi/same', '1'),
    ...unit('studio', 'notifi/changed', '1'),
    ...unit('studio', 'gone/gone', '1'),
  },
  prod: { ...unit('prod', 'notifi/changed', '1') },
};
const after: Plan = {
  studio: {
    ...unit('studio', 'notifi/same', '1'),
    ...unit('studio', 'notifi/changed', '2'),
    ...unit('studio', 'new/new', '2'),
  },
  prod: { ...unit('prod', 'notifi/changed', '2'), ...unit('prod', 'new/new', '2') },
};
const foreign = { 'studio/flux-system/gotk-sync.yaml': 'a: 1\n', 'studio/notifi/README.md': 'mine\n', 'mine.txt': 'x' };
const treeOf = (plan: Plan) =>
  Object.fromEntries(Object.entries({ ...plan['studio'], ...plan['prod'], ...foreign }).sort());

let root: string;

beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'publish-')), 'clusters');
  chmodSync(dirname(root), 0o777);
  for (const [path, text] of Object.entries(treeOf(before))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
});

afterEach(() => rmSync(dirname(root), { recursive: true, force: true }));

/** Every file there is, the writer's own scratch included; folders that hold none count with a slash. */
function snapshot(folder = root): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) return readdirSync(path).length ? [] : [[`${path.slice(folder.length + 1)}/`, '']];
    return [[path.slice(folder.length + 1), readFileSync(path, 'utf8')]];
  });
  return Object.fromEntries(entries.sort()) as Record<string, string>;
}

const comparisonsOf = (plan: Plan) =>
  Object.entries(plan).map(([environment, files]) =>
    compare({ environment, tree: readTree(root, environment), files: new Map(Object.entries(files)) }),
  );

/** What one synth does. */
function run(plan: Plan, options?: PublishOptions) {
  settle(root);
  publish(root, comparisonsOf(plan), options);
}

/** The names of everything that one publishing does, in order. */
function pointsOf(plan: Plan): string[] {
  const copy = `${root}-copy`;
  cpSync(root, copy, { recursive: true });
  const points: string[] = [];
  publish(copy, comparisonsOf(plan), { hook: (point) => points.push(point) });
  return points;
}

const publisher = fileURLToPath(new URL('publisher.ts', import.meta.url));

/** Arguments of node for a synth in a process of its own. */
function synthOf(plan: Plan, point: number | 'forever' | undefined = undefined): string[] {
  const file = join(dirname(root), 'plan.json');
  writeFileSync(file, JSON.stringify(plan));
  return [...runner(), publisher, root, file, ...(point === undefined ? [] : [`${point}`])];
}

describe('publish', () => {
  test('writes, replaces and removes in every environment, and nothing else', () => {
    run(after);
    expect(snapshot()).toEqual(treeOf(after));
  });

  test('makes the first tree of an environment, and removes its last file', () => {
    rmSync(root, { recursive: true });
    run(after);
    expect(snapshot()).toEqual(Object.fromEntries(Object.entries({ ...after['studio'], ...after['prod'] }).sort()));
    run({ prod: {}, studio: {} });
    expect(snapshot()).toEqual({ 'prod/': '', 'studio/': '' });
  });

  test('writes nothing the second time', () => {
    run(after);
    const times = () =>
      ['.', 'studio', 'studio/notifi', 'studio/notifi/changed.yaml', 'prod/new/new.yaml'].map(
        (path) => statSync(join(root, path)).mtimeMs,
      );
    const written = times();
    run(after);
    expect(times()).toEqual(written);
  });

  test('refuses findings that are errors', () => {
    writeFileSync(join(root, 'prod/notifi/changed.yaml'), `${Object.values(before['prod']!)[0]}# mine\nmore: 1\n`);
    expect(() => run(after)).toThrow(`${root}/prod: not published`);
    expect(snapshot()).toMatchObject(before['studio']!);
  });

  test('refuses a tree that changed since it was compared', () => {
    const comparisons = comparisonsOf(after);
    writeFileSync(join(root, 'prod/notifi/changed.yaml'), 'a: 2\n');
    const tree = snapshot();
    expect(() => publish(root, comparisons)).toThrow('prod/notifi/changed.yaml: changed while synth ran; run it again');
    expect(snapshot()).toEqual(tree);
  });

  test('refuses to write through a link or over a folder', () => {
    mkdirSync(join(dirname(root), 'elsewhere'));
    symlinkSync(join(dirname(root), 'elsewhere'), join(root, 'studio/new'));
    expect(() => run(after)).toThrow('studio/new: is in the way of a folder; move it away');
    rmSync(join(root, 'studio/new'));
    mkdirSync(join(root, 'studio/new/new.yaml'), { recursive: true });
    expect(() => run(after)).toThrow('studio/new/new.yaml: is in the way of a file; move it away');
    rmSync(join(root, 'studio/new'), { recursive: true });
    expect(snapshot()).toEqual(treeOf(before));
    expect(readdirSync(join(dirname(root), 'elsewhere'))).toEqual([]);
  });

  test('leaves the tree as it was when anything fails', () => {
    const points = pointsOf(after);
    expect(points).toEqual([
      'stage studio/notifi/changed.yaml',
      'stage studio/new/new.yaml',
      'stage studio/gone/gone.yaml',
      'stage prod/notifi/changed.yaml',
      'stage prod/new/new.yaml',
      'write the journal',
      'commit the journal',
      'write studio/notifi/changed.yaml',
      'write studio/new/new.yaml',
      'remove studio/gone/gone.yaml',
      'write prod/notifi/changed.yaml',
      'write prod/new/new.yaml',
      'remove empty folders',
      'remove the journal',
    ]);
    for (const broken of points) {
      let failed = false;
      const hook = (point: string) => {
        if (failed || point !== broken) return;
        failed = true;
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: 'here' });
      };
      expect(() => run(after, { hook })).toThrow('here: no space left on the disk (ENOSPC); nothing was changed');
      expect(snapshot()).toEqual(treeOf(before));
    }
  });

  test('undoes only what it did', () => {
    const hook = (point: string) => {
      if (point === 'write prod/new/new.yaml') writeFileSync(join(root, 'prod/new'), 'mine');
    };
    expect(() => run(after, { hook })).toThrow('prod/new');
    expect(snapshot()).toEqual({ ...treeOf(before), 'prod/new': 'mine' });
  });
});

describe('a synth killed', () => {
  test('at any point is finished or forgotten by the next one', () => {
    const points = pointsOf(after);
    const original = snapshot();
    for (const point of points.keys()) {
      const { signal, stderr } = spawnSync(process.execPath, synthOf(after, point), { encoding: 'utf8' });
      expect([points[point], signal, stderr]).toEqual([points[point], 'SIGKILL', '']);
      const settled = settle(root);
      expect([points[point], snapshot()]).toEqual([points[point], settled ? treeOf(after) : original]);
      run(after);
      expect(snapshot()).toEqual(treeOf(after));
      run(before);
      expect(snapshot()).toEqual(original);
    }
  });

  test('while it undoes is undone by the next one', () => {
    const points = pointsOf(after);
    const killed = points.indexOf('write prod/new/new.yaml');
    const script = `
      import { commit } from ${JSON.stringify(new URL('../../synth/journal.ts', import.meta.url).href)};
      let left = ${killed};
      const hook = (point) => {
        if (point.startsWith('restore prod')) process.kill(process.pid, 'SIGKILL');
        if (left-- === 0) throw new Error('broken');
      };
      commit(${JSON.stringify(root)}, ${JSON.stringify(comparisonsOf(after).flatMap(({ steps }) => steps))}, hook);`;
    const file = join(dirname(root), 'undo.ts');
    writeFileSync(file, script);
    const { signal } = spawnSync(process.execPath, [...runner(), file]);
    expect(signal).toBe('SIGKILL');
    expect(settle(root)).toBe(true);
    expect(snapshot()).toEqual(treeOf(before));
  });

  test('at any moment leaves a lock that the next one takes over', async () => {
    const empty = { studio: {}, prod: {} };
    run(empty);
    const original = snapshot();
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, synthOf(after, 'forever'), { stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, 120 + round * 15));
      child.kill('SIGKILL');
      await once(child, 'exit');
      settle(root);
      const tree = snapshot();
      expect([original, treeOf(after)]).toContainEqual(tree);
      run(empty);
      expect(snapshot()).toEqual(original);
    }
  });

  test('does not undo what somebody changed since', () => {
    const point = pointsOf(after).indexOf('write studio/notifi/changed.yaml');
    spawnSync(process.execPath, synthOf(after, point));
    writeFileSync(join(root, 'prod/notifi/changed.yaml'), 'a: 2\n');
    expect(settle(root)).toBe(true);
    expect(snapshot()).toEqual({ ...treeOf(after), 'prod/notifi/changed.yaml': 'a: 2\n' });
  });
});

describe('two synths at once', () => {
  test('write one after the other', async () => {
    const children: ChildProcess[] = [1, 2, 3].map(() =>
      spawn(process.execPath, synthOf(after), { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0]);
    expect(snapshot()).toEqual(treeOf(after));
  });

  test('the second has nothing left to do where the first did the same', () => {
    const comparisons = comparisonsOf(after);
    run(after);
    const points: string[] = [];
    publish(root, comparisons, { hook: (point) => points.push(point) });
    expect(points).toEqual([]);
  });

  test('the second gives up with one line that names the first', () => {
    withLock(root, () => {
      expect(() => publish(root, comparisonsOf(after), { patience: 50 })).toThrow(
        new RegExp(
          `^${root}/.synth/lock: another synth is writing \\(process ${process.pid} on \\S+\\); wait for it, or delete`,
        ),
      );
    });
    expect(snapshot()).toEqual(treeOf(before));
  });

  test('a lock that was never filled is taken over, one from another machine is not', () => {
    const lock = join(root, '.synth/lock');
    mkdirSync(dirname(lock));
    writeFileSync(lock, '99999999 another-machine');
    expect(() => publish(root, comparisonsOf(after), { patience: 50 })).toThrow('on another-machine');
    execFileSync('touch', ['-d', '1 minute ago', lock]);
    writeFileSync(lock, '');
    execFileSync('touch', ['-d', '1 minute ago', lock]);
    publish(root, comparisonsOf(after), { patience: 500 });
    expect(snapshot()).toEqual(treeOf(after));
  });
});

describe('a disk that cannot be written', () => {
  const isRoot = process.getuid?.() === 0;
  /** As somebody who is not above permissions. */
  const asUser = () => {
    if (!isRoot) return {};
    execFileSync('chown', ['-R', '65534', root]);
    return { uid: 65534, gid: 65534 };
  };

  test.each([
    ['file', 'prod/notifi/changed.yaml', 0o444],
    ['folder', 'prod/notifi', 0o555],
    ['root', '.', 0o555],
  ])('a read-only %s', (_, path, mode) => {
    const user = asUser();
    chmodSync(join(root, path), mode);
    const { status, stderr } = spawnSync(process.execPath, synthOf(after), { encoding: 'utf8', ...user });
    expect(stderr).toMatch(/^\S+: no permission to write it \(EACCES\); nothing was changed\n$/);
    expect(stderr).toContain(join(root, path === '.' ? '.synth' : path));
    expect(status).toBe(1);
    chmodSync(join(root, path), 0o755);
    expect(snapshot()).toEqual(treeOf(before));
  });

  const canMount = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0;
  (canMount ? test : test.skip)('a full one', () => {
    const big = {
      studio: { ...after['studio'], ...unit('studio', 'new/big', 'x'.repeat(200_000)) },
      prod: after['prod']!,
    };
    const script = `mount -t tmpfs -o size=128k tmpfs "$1" && cp -r "$2/." "$1" && shift 2 && "$@"; code=$?; rm -rf "$OUT" && cp -r "$ROOT" "$OUT"; exit $code`;
    const saved = join(dirname(root), 'saved');
    cpSync(root, saved, { recursive: true });
    const out = join(dirname(root), 'out');
    const { status, stderr } = spawnSync(
      'unshare',
      ['-m', 'sh', '-c', script, 'sh', root, saved, process.execPath, ...synthOf(big)],
      {
        encoding: 'utf8',
        env: { ...process.env, OUT: out, ROOT: root },
      },
    );
    expect(stderr).toMatch(/: no space left on the disk \(ENOSPC\); nothing was changed\n$/);
    expect(status).toBe(1);
    expect(snapshot(out)).toEqual(treeOf(before));
    expect(existsSync(join(root, '.synth'))).toBe(false);
  });
});
