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

// Node 20 optimizes early and throws much of it away again: left at 66 kB of bytecode, that is a quarter of a synth.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');

// Libraries are loaded by Node, which keeps what it compiled from 22.1 on.
module.enableCompileCache?.(fileURLToPath(new URL('./node_modules/.cache/compiled', import.meta.url)));

const require = createRequire(import.meta.url);
const compiler = `${process.version}-${process.arch}`;
const modules = new Map();
const fresh = [];
let linking = Promise.resolve();

/** What `import` means in the module `from`: https://nodejs.org/docs/latest-v20.x/api/vm.html#modulelinklinker */
function find(specifier, from) {
  const url = /^(\.|file:)/.test(specifier) ? urlOf(specifier, from.identifier) : specifier;
  if (!modules.has(url)) modules.set(url, isTypeScript.test(url) ? typeScript(url, from) : library(url, from));
  return modules.get(url);
}

const isTypeScript = /^file:.*\.ts(\?|$)/;
const isReloaded = /^(?!.*\/(node_modules|synth)\/).*\.ts$/;

/**
 * Watch mode imports an environment as `?v=<generation>`; what it imports of charts/, constructs/ and imports/ follows
 * with the same generation, so an edit is seen, while libraries and the engine stay loaded.
 */
function urlOf(specifier, from) {
  const { href } = new URL(specifier, from);
  const [generation] = /\?v=\d+$/.exec(from) ?? [];
  return generation && isReloaded.test(href) ? href + generation : href;
}

function typeScript(url, from) {
  const file = fileURLToPath(url);
  const source = sourceOf(file, from);
  const code = stripTypes(source, file);
  // Compiled code knows its own name, but on Node 20 no longer whose `import()` it holds.
  const compiled = url.endsWith('.ts') && !code.includes('import(') && `${keyOf(url + source)}.${compiler}`;
  const cachedData = compiled ? kept(compiled) : undefined;
  const known = cachedData && parse(code, url, cachedData);
  if (known) return known;
  const made = parse(code, url);
  if (compiled) fresh.push({ compiled, made });
  return made;
}

function sourceOf(file, from) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`Cannot find module '${file}' imported from ${fileURLToPath(from.identifier)}`);
  }
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
  const made = await find(specifier, from);
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
