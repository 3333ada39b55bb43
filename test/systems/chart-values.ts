// Which of the values that are rendered for a Helm chart the chart has. Charts cannot be had by the tests, so what was once
// read from one is kept in chart-values.json, by its version. To renew it, with every chart unpacked below a folder
// (`helm pull --untar`):
//   node --experimental-vm-modules --no-warnings run.mjs test/systems/chart-values.ts <folder> && npm run format
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from 'js-yaml';
import { charts } from '../../charts/versions.ts';
import { releases } from './releases.ts';

export interface Known {
  readonly version: string;
  /** Below these the chart takes anything: it hands them to the program or to Kubernetes as they are. */
  readonly free: readonly string[];
  readonly keys: readonly string[];
}

export const file = new URL('chart-values.json', import.meta.url);

type Map = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Map => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The path of every value that is no map, and of every empty map: `loki.storage.type`. */
export const pathsOf = (values: unknown, path = ''): string[] =>
  isMap(values) && Object.keys(values).length
    ? Object.entries(values).flatMap(([key, value]) => pathsOf(value, path ? `${path}.${key}` : key))
    : [path];

/** The values that a chart renders with when none are given, those of its own charts below their names. */
function defaultsOf(folder: string): Map {
  const read = (path: string) => (load(readFileSync(join(path, 'values.yaml'), 'utf8')) ?? {}) as Map;
  const inner = join(folder, 'charts');
  const below = existsSync(inner)
    ? readdirSync(inner)
        .filter((name) => existsSync(join(inner, name, 'values.yaml')))
        .map((name) => [name, read(join(inner, name))] as const)
    : [];
  return merge(Object.fromEntries(below), read(folder));
}

const merge = (base: Map, over: Map): Map => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(over).map(([key, value]) => {
      const under = base[key];
      return [key, isMap(under) && isMap(value) ? merge(under, value) : value];
    }),
  ),
});

/** Fields of a pod, which charts hand on. */
const KUBERNETES = /^(resources|annotations|nodeSelector|(pod|container)?[sS]ecurityContext)$/;

const under = (path: string, parent: string) => path === parent || path.startsWith(`${parent}.`);

/** Follows a path as far as the chart says what is there; where it says nothing, its templates have to name the key. */
function verify(paths: readonly string[], defaults: Map, templates: string) {
  const free = new Set<string>();
  const keys = new Set<string>();
  const unknown: string[] = [];
  for (const path of paths) {
    let at: unknown = defaults;
    const walked: string[] = [];
    for (const key of path.split('.')) {
      if (!isMap(at) || !Object.keys(at).length) {
        free.add(walked.join('.'));
        break;
      }
      walked.push(key);
      if (!(key in at) && !new RegExp(`\\b${key}\\b`).test(templates)) {
        unknown.push(path);
        break;
      }
      if (KUBERNETES.test(key)) {
        free.add(walked.join('.'));
        break;
      }
      at = at[key];
    }
    keys.add(walked.join('.'));
  }
  return { free, keys, unknown };
}

const textsIn = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|tpl)$/.test(entry.name) && entry.parentPath.includes('/templates'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');

function renew(folder: string) {
  const known: Record<string, Known> = JSON.parse(readFileSync(file, 'utf8'));
  const renewed: Record<string, Known> = {};
  for (const [chart, { version }] of Object.entries(charts).sort()) {
    const source = join(folder, chart);
    const paths = [...new Set((releases().get(chart) ?? []).flatMap((values) => pathsOf(values)))].filter(Boolean);
    const handed = known[chart]?.free ?? [];
    if (!existsSync(source)) {
      console.log(`${chart}: not below ${folder}, left as it was`);
      if (known[chart]) renewed[chart] = known[chart];
      continue;
    }
    const own = paths.filter((path) => !handed.some((parent) => under(path, parent)));
    const { free, keys, unknown } = verify(own, defaultsOf(source), textsIn(source));
    for (const path of unknown) console.log(`${chart} ${version}: has no value ${path}`);
    if (unknown.length) process.exitCode = 1;
    const all = [...new Set([...handed.filter((parent) => paths.some((path) => under(path, parent))), ...free])].sort();
    renewed[chart] = {
      version,
      free: all,
      keys: [...keys].filter((key) => !all.some((parent) => under(key, parent))).sort(),
    };
  }
  writeFileSync(file, `${JSON.stringify(renewed, null, 2)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) renew(process.argv[2]!);
