import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether `file` is one of `targets`, or imports one, itself or by what it imports. */
export function reaches(file: string, targets: ReadonlySet<string>, seen = new Set<string>()): boolean {
  if (targets.has(file)) return true;
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+\.ts)'/g);
  return [...imports].some(([, path]) => reaches(join(dirname(file), path!), targets, seen));
}
