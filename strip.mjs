// Types are replaced by blanks, so lines and columns of every stack trace and finding stay those of the source.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('./node_modules/.cache/strip/', import.meta.url));
const require = createRequire(import.meta.url);
let transform;

/** Under which what was made of a text is kept. */
export const keyOf = (source) => createHash('sha1').update(source).digest('hex');

/**
 * Returns the JavaScript of a TypeScript source; throws with file and line where the source is not erasable TypeScript.
 * Kept by content: the stripper itself (54 ms to load) is only needed after an edit.
 */
export function stripTypes(source, file, key = keyOf(source)) {
  const name = `${key}.js`;
  const known = kept(name);
  if (known) return `${known}`;
  transform ??= require('amaro').transformSync;
  let code;
  try {
    ({ code } = transform(source, { mode: 'strip-only', filename: file }));
  } catch (error) {
    throw syntaxError(error, file);
  }
  keep(name, code);
  return code;
}

/** A file of the cache; undefined where it is not there. */
export function kept(name) {
  try {
    return readFileSync(cache + name);
  } catch {
    return undefined;
  }
}

/** A rename is atomic: two processes that keep the same file never read half of it. */
export function keep(name, content) {
  try {
    const scratch = `${cache}${name}.${process.pid}`;
    mkdirSync(cache, { recursive: true });
    writeFileSync(scratch, content);
    renameSync(scratch, cache + name);
  } catch {
    // A read-only checkout works too, only without the cache.
  }
}

/** The stripper draws a picture of the place; what is wanted is one line, and a stack that begins in the file. */
function syntaxError(error, file) {
  const [, reason = `${error}`] = /^\s*x (.+)$/m.exec(`${error.message ?? error}`) ?? [];
  const [, place = '1:1'] = /,-\[(\d+:\d+)\]/.exec(`${error.message ?? error}`) ?? [];
  const told = new SyntaxError(reason);
  told.stack = `SyntaxError: ${reason}\n    at ${file}:${place}`;
  return told;
}
