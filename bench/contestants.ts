import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump, loadAll } from 'js-yaml';
import { built } from '../test/cluster/targets.ts';
import { runner, type Workspace } from '../test/workspace.ts';
import { objectsOf } from './services.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = process.execPath;

export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
  /** Before each run, untimed. */
  readonly reset?: () => void;
  /** The objects it made, to prove that all make the same. */
  readonly objects?: (stdout: string) => unknown[];
}

const yamlOf = (objects: readonly unknown[]) => objects.map((object) => dump(object, { noRefs: true })).join('---\n');
const parse = (text: string) => (loadAll(text) as { kind?: string }[]).filter(Boolean);
const objectsIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml'))
    .map((path) => parse(readFileSync(join(folder, path), 'utf8')));

let moved = 0;

/**
 * Empties a folder by moving it away: ext4 does not give the inodes of files that were just deleted to new ones, and
 * searches long for others, so a run after a deletion would pay for it.
 */
function emptied(folder: string, aside: string) {
  renameSync(folder, join(aside, `${++moved}`));
  mkdirSync(folder);
}

/** Everyone on `count` services of five objects; ours writes all of them anew each time, as the others do. */
export function onServices(count: number, folder: string, ours: Workspace): Contestant[] {
  const services = Array.from({ length: count }, (_, i) => objectsOf(i));
  const aside = join(folder, 'aside');
  mkdirSync(aside);

  const environment = readFileSync(join(root, 'bench/environment.ts'), 'utf8');
  ours.write('charts/environments/bench.ts', environment.replaceAll("'../", "'../../").replaceAll("'./", "'../"));
  cpSync(join(root, 'bench/services.ts'), join(ours.folder, 'charts/services.ts'));
  ours.write('charts/count.ts', `export const count = ${count};\n`);
  const clusters = join(ours.folder, 'clusters');
  mkdirSync(clusters);

  const chart = join(folder, 'helm');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: bench\nversion: 1.0.0\n');
  writeFileSync(join(chart, 'values.yaml'), dump({ services: services.map((_, i) => ({ i, region: i % 7 })) }));
  writeFileSync(join(chart, 'templates/services.yaml'), helmTemplate());

  const kustomize = join(folder, 'kustomize');
  mkdirSync(kustomize);
  for (const [i, objects] of services.entries()) writeFileSync(join(kustomize, `service-${i}.yaml`), yamlOf(objects));
  const resources = services.map((_, i) => `service-${i}.yaml`);
  writeFileSync(join(kustomize, 'kustomization.yaml'), dump({ resources }));

  const stock = join(folder, 'cdk8s');
  mkdirSync(stock);
  symlinkSync(join(root, 'node_modules'), join(stock, 'node_modules'));
  writeFileSync(join(stock, 'services.json'), JSON.stringify(services));
  writeFileSync(join(stock, 'app.mjs'), stockApp);
  writeFileSync(join(stock, 'cdk8s.yaml'), 'language: typescript\napp: node app.mjs\noutput: dist\n');

  return [
    {
      ...synth(ours, 'bench'),
      reset: () => emptied(clusters, aside),
      objects: () => objectsIn(join(clusters, 'bench/bench')).flat(),
    },
    { ...floor(services, join(folder, 'floor'), aside), objects: () => services.flat() },
    {
      name: 'helm template',
      command: [join(built('helm'), 'helm'), 'template', 'bench', chart],
      cwd: folder,
      objects: parse,
    },
    {
      name: 'kubectl kustomize',
      command: [join(built('kube'), 'kubectl'), 'kustomize', kustomize],
      cwd: folder,
      objects: parse,
    },
    {
      name: 'cdk8s synth',
      command: [node, 'node_modules/cdk8s-cli/bin/cdk8s', 'synth', '--check-upgrade', 'false'],
      cwd: stock,
      objects: () => objectsIn(join(stock, 'dist')).flat(),
    },
  ];
}

/** What this repository holds, nothing of it changed since the last run, beside the floor of the same objects. */
export const onRepository = (ours: Workspace, folder: string, ...environments: string[]): Contestant[] => {
  const written = environments.length ? environments : readdirSync(join(root, 'clusters'));
  mkdirSync(folder);
  const files = written.flatMap((name) => objectsIn(join(root, 'clusters', name)));
  const unchanged = synth(ours, ...environments);
  return [unchanged, edited(unchanged), floor(files, join(folder, 'floor'), folder)];
};

/** What a person waits for who has edited a chart: the TypeScript compiler looks at it beside the rendering. */
const edited = (ours: Contestant): Contestant => ({
  ...ours,
  name: 'fleet-synth, after an edit',
  reset: () => appendFileSync(join(ours.cwd, 'charts/platform/alerts.ts'), '// edited\n'),
});

const synth = ({ folder }: Workspace, ...environments: string[]): Contestant => ({
  name: 'fleet-synth',
  command: [node, ...runner(folder), 'main.ts', 'synth', ...environments],
  cwd: folder,
});

/** As little as a synthesizer in TypeScript can do: start Node, import cdk8s, and write the objects as JSON, file by file. */
function floor(files: readonly (readonly unknown[])[], folder: string, aside: string): Contestant {
  mkdirSync(join(folder, 'out'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'files.json'), JSON.stringify(files));
  writeFileSync(join(folder, 'floor.mjs'), floorProgram);
  return {
    name: 'floor',
    command: [node, 'floor.mjs'],
    cwd: folder,
    reset: () => emptied(join(folder, 'out'), aside),
  };
}

const floorProgram = `
import { readFileSync, writeFileSync } from 'node:fs';
import 'cdk8s';
const files = JSON.parse(readFileSync('files.json', 'utf8'));
files.forEach((objects, i) => writeFileSync('out/' + i + '.yaml', JSON.stringify(objects, null, 2)));
`;

/** One object template per document, as a chart's author would write it. */
function helmTemplate(): string {
  const sample = yamlOf(objectsOf(123456))
    .replaceAll('123456', '{{ .i }}')
    .replace(/region-\d/, 'region-{{ .region }}');
  return `{{- range .Values.services }}\n---\n${sample}{{- end }}\n`;
}

const stockApp = `
import { readFileSync } from 'node:fs';
import { ApiObject, App, Chart } from 'cdk8s';
const app = new App();
const chart = new Chart(app, 'bench', { disableResourceNameHashes: true });
for (const object of JSON.parse(readFileSync('services.json', 'utf8')).flat()) new ApiObject(chart, object.kind + object.metadata.name, object);
app.synth();
`;
