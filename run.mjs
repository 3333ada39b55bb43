// `node --experimental-vm-modules --no-warnings run.mjs main.ts synth` runs TypeScript without building it: types are
// stripped, and what was stripped and compiled is kept from run to run. Node's own loader does neither on Node 20: there
// its module hooks, on a thread of their own, and compiling every file anew were a third of a synth.
import { readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { keep, kept, keyOf, stripTypes } from './strip.mjs';

if (!vm.SourceTextModule) {
  console.error(
    `error: missing flags; node --experimental-vm-modules --no-warnings run.mjs ${process.argv.slice(2).join(' ')}`,
  );
  process.exit(1);
}

const require = createRequire(import.meta.url);
try {
  require.resolve('amaro');
} catch {
  console.error('error: the packages are not installed; npm ci');
  process.exit(1);
}

// Node 20 optimizes early and throws much of it away again: left at 66 kB of bytecode, that is a quarter of a synth.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');

// Libraries are loaded by Node, which keeps what it compiled from 22.1 on.
module.enableCompileCache?.(fileURLToPath(new URL('./node_modules/.cache/compiled', import.meta.url)));

const compiler = `${process.version}-${process.arch}`;
const modules = new Map();
const sources = new Map();
const importers = new Map();
const fresh = [];
let linking = Promise.resolve();
let generation = 0;

/** What `import` means in the module `from`: https://nodejs.org/docs/latest-v20.x/api/vm.html#modulelinklinker */
function find(specifier, from) {
  const url = /^(\.|\/|file:)/.test(specifier) ? new URL(specifier, from.identifier).href : specifier;
  if (!importers.has(url)) importers.set(url, new Set());
  importers.get(url).add(from.identifier);
  if (!modules.has(url)) modules.set(url, /^file:.*\.ts$/.test(url) ? typeScript(url, from) : library(url, from));
  return modules.get(url);
}

const reloaded = ['charts', 'constructs', 'imports'].map((folder) => new URL(`${folder}/`, import.meta.url).href);

/**
 * Watch mode imports its environments as `?v=<generation>`: from a new one on, what was edited since or has failed, and
 * all that imports it, is loaded anew. Libraries and the engine stay, and so does what V8 has learnt of the rest.
 */
function renew() {
  const stale = [...modules].flatMap(([url, { status }]) =>
    status !== 'evaluated' || (sources.has(url) && readable(url) !== sources.get(url)) ? [url] : [],
  );
  // It grows while it is walked.
  for (const url of stale) {
    if (!reloaded.some((folder) => url.startsWith(folder)) || !modules.delete(url)) continue;
    stale.push(...importers.get(url));
  }
}

function readable(url) {
  try {
    return readFileSync(fileURLToPath(url), 'utf8');
  } catch {
    return undefined;
  }
}

function typeScript(url, from) {
  const file = fileURLToPath(url);
  const source = readable(url);
  if (source === undefined) {
    throw new Error(`Cannot find module '${file}' imported from ${fileURLToPath(from.identifier)}`);
  }
  sources.set(url, source);
  const key = keyOf(source);
  const code = stripTypes(source, file, key);
  // Compiled code knows its own name, but on Node 20 no longer whose `import()` it holds.
  const compiled = !code.includes('import(') && `${keyOf(url + key)}.${compiler}`;
  const cachedData = compiled ? kept(compiled) : undefined;
  const known = cachedData && parse(code, url, cachedData);
  if (known) return known;
  const made = parse(code, url);
  if (compiled) fresh.push({ compiled, made });
  return made;
}

/** Undefined where `cachedData` is not of this compiler. */
function parse(code, identifier, cachedData) {
  try {
    return new vm.SourceTextModule(code, {
      identifier,
      cachedData,
      initializeImportMeta: (meta) => Object.assign(meta, { url: identifier }),
      importModuleDynamically: load,
    });
  } catch (error) {
    if (error.code === 'ERR_VM_MODULE_CACHED_DATA_REJECTED') return undefined;
    throw error;
  }
}

/** Most are CommonJS, which `import` would read twice: once for the names it exports. */
async function library(name, from) {
  let exported;
  try {
    exported = { ...require(name), default: require(name) };
  } catch {
    exported = await import(name).catch((error) => {
      throw Object.assign(error, {
        message: error.message.replace(fileURLToPath(import.meta.url), fileURLToPath(from.identifier)),
      });
    });
  }
  const names = Object.keys(exported);
  return new vm.SyntheticModule(names, function () {
    for (const each of names) this.setExport(each, exported[each]);
  });
}

/** Finds, links and evaluates; what is there already is given as it is. */
async function load(specifier, from) {
  const asked = Number(/\?v=(\d+)$/.exec(specifier)?.[1] ?? 0);
  if (asked > generation) {
    generation = asked;
    renew();
  }
  const made = await find(specifier.replace(/\?v=\d+$/, ''), from);
  // One graph after the other: a module that is being linked for one of them would count as ready for the next.
  linking = linking.then(
    () => link(made),
    () => link(made),
  );
  await linking;
  await made.evaluate();
  return made;
}

async function link(made) {
  if (made.status !== 'unlinked') return;
  try {
    await made.link(find);
  } catch (error) {
    // The rest of its graph is still at it.
    await setImmediate();
    // Half linked: whoever imports them next shall be told what is wrong, in the same words.
    for (const [url, each] of modules) if (!DONE.has(each.status)) modules.delete(url);
    fresh.length = 0;
    throw causeOf(error);
  }
  // Once it is evaluated, V8 gives it away no more.
  for (const { compiled, made } of fresh.splice(0)) keep(compiled, made.createCachedData());
}

const DONE = new Set(['evaluating', 'evaluated', 'errored']);

/** A module that imports a broken one is told of it in a wrapping. */
const causeOf = (error) => (error.code === 'ERR_VM_MODULE_LINK_FAILURE' ? causeOf(error.cause) : error);

process.argv.splice(1, 1);
await load(pathToFileURL(process.argv[1]).href, { identifier: import.meta.url });
