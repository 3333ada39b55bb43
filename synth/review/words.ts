import { say } from './sides.ts';
import { type Edit, fieldOf, type Path } from './values.ts';

/** How people call a field: the first pattern that ends its path. Names of items are left in `[...]`. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\.resources\.(limits|requests)\.(cpu|memory|ephemeral-storage)$/, '$2 $1'],
  [/\.(?:containers|initContainers)\[[^\]]*\]\.image$/, 'image'],
  [/\.env\[name=([^\]]*)\](?:\.value(?:From)?)?$/, 'variable $1'],
  [/\.(livenessProbe|readinessProbe|startupProbe)(?:\.(.*))?$/, '$1 $2'],
  [/^spec\.replicas$/, 'replicas'],
  [/^spec\.(minReplicas|maxReplicas)$/, '$1'],
  [/^metadata\.annotations\["?([^"\]]*)"?\]$/, 'annotation $1'],
  [/^metadata\.labels\["?([^"\]]*)"?\]$/, 'label $1'],
  [/\.template\.metadata\.annotations\["?([^"\]]*)"?\]$/, 'pod annotation $1'],
  [/\.template\.metadata\.labels\["?([^"\]]*)"?\]$/, 'pod label $1'],
  [/^spec\.chart\.spec\.version$/, 'chart version'],
  [/^spec\.values\.(.*)$/, 'value $1'],
];

/** `memory limit`, `variable LOG_LEVEL`, else the field as it is. */
function wordsOf(path: Path): string {
  const field = fieldOf(path);
  for (const [pattern, name] of NAMES) {
    const match = pattern.exec(field);
    if (match) {
      const words = name.replace(/\$(\d)/g, (_, group) => match[Number(group)] ?? '').trim();
      return words.replace(/ (limit|request)s$/, ' $1');
    }
  }
  return field;
}

/** `memory limit 512Mi -> 640Mi`, in one line. */
export function sentenceOf({ path, op, before, after, inside }: Edit): string {
  const words = wordsOf(path);
  switch (op) {
    case 'add':
      return `${words} added: ${say(after)}`;
    case 'remove':
      return `${words} removed: ${say(before)}`;
    case 'order':
      return `${words}: the same items in another order`;
    default:
      if (!inside) return `${words} ${say(before)} -> ${say(after)}`;
      if (inside.format === 'text') return `${words}: text changed`;
      return inside.edits.length
        ? `${words} (${inside.format}): ${inside.edits.map(sentenceOf).join('; ')}`
        : `${words}: written differently, the same ${inside.format}`;
  }
}
