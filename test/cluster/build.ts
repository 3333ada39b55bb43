// Builds the programs of the test bed from Go modules, once, into a cache outside the tree:
//   npm run build:cluster [-- target...] [--clean]
// Targets and groups: targets.ts; without one, all that a bed needs. A target is cached by the content of its folder
// under go/ and of its recipe. --clean empties Go's own build cache (several GB) after a build.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CrdSet, type CrdSource, crdSets } from './crds.ts';
import { linkerdCrds } from './linkerd-crds.ts';
import { strimziCrds } from './strimzi-crds.ts';
import { folder, groups, modules, type Rewrite, type Target, type TargetName, targets } from './targets.ts';

function go(module: string, args: string[]): Promise<string> {
  // A module that asks for a newer Go than the machine's gets it, from the proxy that modules come from.
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'auto' };
  return new Promise((resolve, reject) => {
    execFile('go', args, { cwd: join(modules, module), env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if ('code' in error && error.code === 'ENOENT') {
        return reject(
          new Error('go is not on PATH: the test bed is built from Go modules, install Go 1.26.8 or newer'),
        );
      }
      const cause = stderr.split('\n').filter((line) => line && !/^(go: downloading|#)/.test(line));
      reject(new Error(`go/${module}: ${cause.slice(0, 5).join(' ') || error.message}`));
    });
  });
}

/** Downloads modules at the versions of a go.mod, checked against its go.sum; answers module -> folder. */
async function download(module: string, paths: string[]): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map();
  await go(module, ['mod', 'download', ...new Set(paths)]);
  const output = await go(module, ['list', '-m', '-f', '{{.Path}} {{.Dir}}', ...new Set(paths)]);
  return new Map(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' ', 2) as [string, string]),
  );
}

async function definitionsIn(path: string): Promise<string[]> {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path)).sort().map((name) => join(path, name))
    : [path];
  const texts = await Promise.all(files.filter((file) => /\.ya?ml$/.test(file)).map((file) => readFile(file, 'utf8')));
  return texts
    .flatMap((text) => text.split(/^---.*$/m))
    .filter((document) => /^kind: CustomResourceDefinition\s*$/m.test(document));
}

/** The image and notification kinds of Flux, which exist as Go types only. */
async function fluxCrds(generated: string): Promise<string[]> {
  const apis = (await go('flux-crds', ['list', '-f', '{{join .Imports "\\n"}}', '.'])).trim().split('\n');
  await go('flux-crds', [
    'tool',
    'controller-gen',
    'crd',
    ...apis.map((path) => `paths=${path}`),
    `output:crd:dir=${generated}`,
  ]);
  const documents = await definitionsIn(generated);
  await rm(generated, { recursive: true });
  return documents;
}

/** Writes one file of definitions per set. */
async function collectCrds(out: string): Promise<void> {
  const all: CrdSource[] = Object.values(crdSets).flat();
  const dirs = await download(
    'crds',
    all.map((source) => source.module),
  );
  const made: Partial<Record<CrdSet, string[]>> = {
    flux: await fluxCrds(join(out, 'generated')),
    linkerd: linkerdCrds.map((definition) => JSON.stringify(definition)),
    strimzi: await strimziCrds(join(out, 'strimzi')),
  };
  for (const [set, sources] of Object.entries(crdSets) as [CrdSet, CrdSource[]][]) {
    const paths = sources.map((source) => join(dirs.get(source.module)!, source.path));
    const documents = [...(await Promise.all(paths.map(definitionsIn))).flat(), ...(made[set] ?? [])];
    await writeFile(join(out, `${set}.yaml`), documents.join('\n---\n'));
  }
}

/** A go.mod beside the target's own, by which the rewritten modules are taken from copies. */
async function rewrite(name: TargetName, rewrites: Record<string, Rewrite[]>, scratch: string): Promise<string> {
  const modfile = join(scratch, 'go.mod');
  await mkdir(scratch, { recursive: true });
  for (const file of ['go.mod', 'go.sum']) await cp(join(modules, name, file), join(scratch, file));
  for (const [module, dir] of await download(name, Object.keys(rewrites))) {
    const copy = join(scratch, 'modules', module);
    await cp(dir, copy, { recursive: true });
    for (const { file, from, to } of rewrites[module]!) {
      const path = join(copy, file);
      const text = await readFile(path, 'utf8');
      if (text.split(from).length !== 2) throw new Error(`go/${name}: ${module}/${file} does not have once: ${from}`);
      await chmod(path, 0o644);
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    }
    await go(name, ['mod', 'edit', `-replace=${module}=${copy}`, modfile]);
  }
  return modfile;
}

async function build(name: TargetName): Promise<void> {
  const target: Target = targets[name];
  const final = folder(name);
  const scratch = `${final}.${process.pid}`;
  const sources = `${scratch}.sources`;
  await mkdir(scratch, { recursive: true });
  try {
    if (name === 'crds') await collectCrds(scratch);
    const { programs = [], ldflags = '', tags = '', rewrites, files = {} } = target;
    if (programs.length > 0) {
      const out = programs.length === 1 ? join(scratch, programs[0]!) : `${scratch}/`;
      const flags = ['-ldflags', `-s -w ${ldflags}`.trim(), '-tags', tags];
      if (rewrites) flags.push('-modfile', await rewrite(name, rewrites, sources));
      await go(name, ['build', ...flags, '-o', out, 'tool']);
    }
    const dirs = await download(
      name,
      Object.values(files).map((source) => source.module),
    );
    for (const [file, source] of Object.entries(files)) {
      await cp(join(dirs.get(source.module)!, source.path), join(scratch, file));
    }
    await rename(scratch, final).catch((error: Error) => {
      // Another build came first: its folder holds the same.
      if (!existsSync(final)) throw error;
    });
  } finally {
    for (const path of [scratch, sources]) await rm(path, { recursive: true, force: true });
  }
}

async function buildAll(args: string[]): Promise<void> {
  const names = args.filter((arg) => arg !== '--clean').flatMap((arg) => groups[arg] ?? [arg as TargetName]);
  const unknown = names.filter((name) => !(name in targets));
  if (unknown.length > 0) {
    const known = [...Object.keys(targets), ...Object.keys(groups)].join(', ');
    throw new Error(`${unknown.join(', ')}: no such target of the test bed, known are ${known}`);
  }
  const missing = (names.length > 0 ? names : groups['bed']!).filter((name) => !existsSync(folder(name)));
  for (const name of missing) {
    const start = performance.now();
    console.log(`${name}: building, which takes minutes where Go has not compiled it before`);
    await build(name);
    console.log(`${name}: built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  if (missing.length > 0 && args.includes('--clean')) await go('etcd', ['clean', '-cache']);
}

await buildAll(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
