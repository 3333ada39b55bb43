// Types are replaced by blanks, so lines and columns of every stack trace and finding stay those of the source.
// Results are cached by content under node_modules/.cache: the stripper itself (54 ms to load) is only needed after an edit.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('./node_modules/.cache/strip/', import.meta.url));
const require = createRequire(import.meta.url);
let transform;

/** Returns the JavaScript of a TypeScript source; throws with file and line where the source is not erasable TypeScript. */
export function stripTypes(source, file) {
  const cached = `${cache}${createHash('sha1').update(source).digest('hex')}.js`;
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    transform ??= require('amaro').transformSync;
  }
  let code;
  try {
    ({ code } = transform(source, { mode: 'strip-only', filename: file }));
  } catch (error) {
    throw syntaxError(error, file);
  }
  try {
    // A rename is atomic: two processes that strip the same file never read half of it.
    const scratch = `${cached}.${process.pid}`;
    mkdirSync(cache, { recursive: true });
    writeFileSync(scratch, code);
    renameSync(scratch, cached);
  } catch {
    // A read-only checkout works too, only without the cache.
  }
  return code;
}

/** The stripper draws a picture of the place; what is wanted is one line, and a stack that begins in the file. */
function syntaxError(error, file) {
  const [, reason = `${error}`] = /^\s*x (.+)$/m.exec(`${error.message ?? error}`) ?? [];
  const [, place = '1:1'] = /,-\[(\d+:\d+)\]/.exec(`${error.message ?? error}`) ?? [];
  const told = new SyntaxError(reason);
  told.stack = `SyntaxError: ${reason}\n    at ${file}:${place}`;
  return told;
}

/** Node's module hook: see https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.ts(\?|$)/.test(url)) return next(url, context);
  const file = fileURLToPath(url);
  return { format: 'module', shortCircuit: true, source: stripTypes(readFileSync(file, 'utf8'), file) };
}

const versioned = /^(?!.*\/(node_modules|synth)\/)file:.*\.ts$/;

/**
 * Watch mode imports an environment as `?v=<generation>`; what it imports of charts/, constructs/ and imports/ follows
 * with the same generation, so an edit is seen, while libraries and the engine stay loaded.
 */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const generation = /\?v=\d+$/.exec(context.parentURL ?? '')?.[0];
  return generation && versioned.test(resolved.url) ? { ...resolved, url: resolved.url + generation } : resolved;
}
