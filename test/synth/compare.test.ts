import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { compare, type Edition } from '../../synth/compare.ts';
import { emitFile } from '../../synth/emit.ts';
import { marksOf, readTags } from '../../synth/images.ts';

const source = 'charts/notifi/services.ts';
const unit = (name: string, data: Record<string, string> = {}, environment = 'studio') => {
  const path = `${environment}/notifi/${name}.yaml`;
  return [
    path,
    emitFile({ path, source, objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }] }),
  ] as const;
};
const list = (...names: string[]) => {
  const path = 'studio/notifi/kustomization.yaml';
  const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: names };
  return [path, emitFile({ path, source, objects: [kustomization as never] })] as const;
};
const edition = (
  tree: Iterable<readonly [string, string]>,
  files: Iterable<readonly [string, string]>,
  more: Partial<Edition> = {},
) => ({
  environment: 'studio',
  tree: new Map(tree),
  files: new Map(files),
  ...more,
});
const edit = ([path, text]: readonly [string, string]) => [path, text.replace('name: ', 'name: my-')] as const;

describe('compare', () => {
  test('tells added, changed, removed and unchanged apart', () => {
    const result = compare(
      edition(
        [unit('same'), unit('old'), unit('other', { a: '1' })],
        [unit('same'), unit('other', { a: '2' }), unit('new')],
      ),
    );
    expect(result).toMatchObject({
      added: ['studio/notifi/new.yaml'],
      changed: ['studio/notifi/other.yaml'],
      removed: ['studio/notifi/old.yaml'],
      edited: [],
      unchanged: 1,
      findings: [],
    });
    expect(result.steps).toEqual([
      { path: 'studio/notifi/other.yaml', before: unit('other', { a: '1' })[1], after: unit('other', { a: '2' })[1] },
      { path: 'studio/notifi/new.yaml', after: unit('new')[1] },
      { path: 'studio/notifi/old.yaml', before: unit('old')[1] },
    ]);
  });

  test('a CRLF checkout is unchanged where it says the same, and owned where it does not', () => {
    const [path, text] = unit('app', { script: 'a\nb\n' });
    const crlf = [path, text.replaceAll('\n', '\r\n')] as const;
    expect(compare(edition([crlf], [[path, text]]))).toMatchObject({ unchanged: 1, steps: [], findings: [] });
    expect(compare(edition([crlf], [unit('app', { script: 'c\n' })]))).toMatchObject({ changed: [path], findings: [] });
    expect(compare(edition([crlf], []))).toMatchObject({ removed: [path] });
  });

  describe('a file edited by hand', () => {
    const edited = edit(unit('app', { a: '1' }));
    const [path] = edited;

    test('is an error that shows what synth would write and both ways out', () => {
      const result = compare(edition([edited], [unit('app', { a: '1' })]));
      expect(result).toMatchObject({ edited: [path], changed: [], steps: [] });
      expect(result.findings).toEqual([
        {
          rule: 'foreign-edit',
          severity: 'error',
          object: path,
          file: `clusters/${path}`,
          message: `was edited after synth wrote it; synth would write
     kind: ConfigMap
     metadata:
    -  name: my-app
    +  name: app
     data:
       a: "1"`,
          fix: `make the edit in TypeScript, then drop it here: git checkout -- clusters/${path}, or, if it is committed, npm run synth -- --overwrite clusters/${path}`,
        },
      ]);
    });

    test('is an error too where synth would remove it', () => {
      expect(compare(edition([edited], []))).toMatchObject({
        edited: [path],
        steps: [],
        findings: [{ rule: 'foreign-edit', severity: 'error', message: expect.stringContaining('would remove it') }],
      });
    });

    test('is written or removed with --overwrite', () => {
      const overwrite = new Set([path]);
      expect(compare(edition([edited], [unit('app')]), { overwrite })).toMatchObject({ changed: [path], findings: [] });
      expect(compare(edition([edited], []), { overwrite })).toMatchObject({ removed: [path], findings: [] });
    });
  });

  describe('a foreign file', () => {
    const mine = ['studio/notifi/app.yaml', 'a: 1\n'] as const;

    test('in the way is an error, unless it may be overwritten', () => {
      expect(compare(edition([mine], [unit('app')]))).toMatchObject({
        steps: [],
        findings: [{ rule: 'foreign-file', severity: 'error' }],
      });
      expect(compare(edition([mine], [unit('app')]), { overwrite: new Set([mine[0]]) })).toMatchObject({
        changed: [mine[0]],
        findings: [],
      });
    });

    test('is never removed, and a warning where nothing lists it', () => {
      const tree = [mine, ['studio/extra/a.yaml', ''], ['studio/extras.yaml', '']] as const;
      const result = compare(edition(tree, [], { also: ['extra', './notifi/app.yaml'] }), {
        overwrite: new Set([mine[0]]),
      });
      expect(result).toMatchObject({
        steps: [],
        findings: [{ rule: 'unlisted-file', severity: 'warning', object: 'studio/extras.yaml' }],
      });
    });

    test('under flux-system/ and secrets/ is nobody’s business, whatever its first line', () => {
      const [, text] = unit('app');
      expect(
        compare(
          edition(
            [
              ['studio/flux-system/gotk-sync.yaml', text],
              ['studio/secrets/a.yaml', text],
            ],
            [],
          ),
        ),
      ).toMatchObject({ steps: [], findings: [] });
    });
  });

  test.each([
    'studio/flux-system/a.yaml',
    'studio/secrets/a.yaml',
    'studio/../prod/a.yaml',
    'prod/a.yaml',
    'studio/.git/a.yaml',
    '/studio/a.yaml',
    'studio//a.yaml',
  ])('refuses to plan %s', (path) => {
    expect(compare(edition([], [[path, 'a: 1\n']]))).toMatchObject({
      steps: [],
      findings: [{ rule: 'reserved-path', severity: 'error' }],
    });
  });

  describe('in a merge conflict, as git writes it', () => {
    const merged = (...texts: string[]) => {
      const folder = mkdtempSync(join(tmpdir(), 'merge-'));
      try {
        for (const [i, text] of texts.entries()) writeFileSync(join(folder, `${i}`), text);
        execFileSync('git', ['merge-file', '0', '1', '2'], { cwd: folder, stdio: 'ignore' });
        return texts[0]!;
      } catch {
        return execFileSync('cat', [join(folder, '0')], { encoding: 'utf8' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    };

    test('two branches that each add a unit are resolved by synth', () => {
      const [path] = list();
      const conflict = merged(list('a.yaml', 'b.yaml')[1], list('a.yaml')[1], list('a.yaml', 'c.yaml')[1]);
      expect(conflict).toContain('<<<<<<<');
      const result = compare(edition([[path, conflict]], [list('a.yaml', 'b.yaml', 'c.yaml')]));
      expect(result).toMatchObject({ changed: [path], findings: [] });
    });

    test('distant edits of one unit, which meet in the checksum, are resolved by synth', () => {
      const data = (a: string, z: string) => ({
        a,
        ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 'x'])),
        z,
      });
      const [path, base] = unit('app', data('1', '1'));
      const conflict = merged(unit('app', data('2', '1'))[1], base, unit('app', data('1', '2'))[1]);
      expect(conflict).toMatch(/^<<<<<<<.*\n# Generated/);
      expect(compare(edition([[path, conflict]], [unit('app', data('2', '2'))]))).toMatchObject({
        changed: [path],
        findings: [],
      });
      expect(compare(edition([[path, conflict]], []))).toMatchObject({ removed: [path] });
    });
  });

  test('a tag that image automation wrote survives, and is kept when the unit changes', () => {
    const path = 'studio/notifi/app.yaml';
    const synth = (tags: ReadonlyMap<string, string>, replicas = 1) => {
      const image = {
        policy: 'flux-system:app',
        repository: 'ghcr.io/acme/app',
        tag: tags.get('flux-system:app') ?? '1.0.0',
      };
      const { marks } = marksOf([{ path, chart: 'notifi', unit: 'app', image }]);
      const spec = { replicas, image: `${image.repository}:${image.tag}` };
      return emitFile({
        path,
        source,
        marks: marks('notifi'),
        objects: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app' }, spec }],
      });
    };
    const bumped = new Map([[path, synth(new Map()).replace('app:1.0.0', 'app:1.1.0')]]);
    const { tags } = readTags(bumped);
    expect(compare(edition(bumped, [[path, synth(tags)]]))).toMatchObject({ unchanged: 1, steps: [], findings: [] });
    const scaled = compare(edition(bumped, [[path, synth(tags, 3)]]));
    expect(scaled).toMatchObject({ changed: [path], findings: [] });
    expect(scaled.steps[0]!.after).toContain('image: ghcr.io/acme/app:1.1.0 # {"$imagepolicy": "flux-system:app"}');
  });
});
