// npm run bench [-- --rounds 5]: whole processes side by side on equal objects, as ratios paired round by round.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { workspace } from '../test/workspace.ts';
import { type Contestant, onRepository, onServices } from './contestants.ts';
import { objectsOf } from './services.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);

/** Nobody is waited for longer, in seconds: kustomize is quadratic. */
const PATIENCE = 60;

interface Run {
  readonly seconds: number;
  readonly megabytes: number;
  /** Undefined where patience ended. */
  readonly stdout?: string;
}

/** Seconds of a whole process, and its peak memory in MB where the system tells (by /usr/bin/time). */
function run({ command, cwd, reset }: Contestant): Run {
  reset?.();
  const wrapped = existsSync('/usr/bin/time') ? ['timeout', `${PATIENCE}`, '/usr/bin/time', '-f', '%M'] : [];
  const [program, ...args] = [...wrapped, ...command];
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(program!, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30 });
  const seconds = (performance.now() - start) / 1000;
  // https://www.gnu.org/software/coreutils/manual/html_node/timeout-invocation.html
  if (wrapped.length && status === 124) return { seconds, megabytes: Number.NaN };
  if (status !== 0) throw new Error(`${command.join(' ')} failed:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
  return { seconds, megabytes: Number(stderr.trim().split('\n').at(-1)) / 1024, stdout };
}

const canonical = (objects: readonly unknown[]) => objects.map((object) => JSON.stringify(sorted(object))).sort();
const sorted = (value: unknown): unknown =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort()
          .map(([key, inner]) => [key, sorted(inner)]),
      )
    : Array.isArray(value)
      ? value.map(sorted)
      : value;

const spread = (numbers: readonly number[], digits = 2) => {
  const inOrder = [...numbers].sort((a, b) => a - b);
  const median = inOrder[Math.floor(inOrder.length / 2)]!;
  return `${median.toFixed(digits)} (${inOrder[0]!.toFixed(digits)}-${inOrder.at(-1)!.toFixed(digits)})`;
};

/** Everyone in turn, `rounds` times after one that is not counted; a row for each. The first one is ours. */
function race(what: string, field: readonly Contestant[], expected?: readonly unknown[]) {
  const wanted = expected && canonical(expected).join();
  const tired = new Set<Contestant>();
  for (const contestant of field) {
    const { stdout } = run(contestant);
    if (stdout === undefined) tired.add(contestant);
    else if (wanted && canonical(contestant.objects!(stdout)).join() !== wanted) {
      throw new Error(`${contestant.name} made other objects than the rest`);
    }
  }
  const results = new Map(field.map((contestant) => [contestant, [] as Run[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [contestant, runs] of results) if (!tired.has(contestant)) runs.push(run(contestant));
  }
  const ours = results.get(field[0]!)!;
  for (const [contestant, runs] of results) {
    if (tired.has(contestant)) {
      const most = Math.max(...ours.map(({ seconds }) => seconds)) / PATIENCE;
      console.log(`| ${what} | ${contestant.name} | over ${PATIENCE}, stopped | below ${most.toFixed(2)} | |`);
      continue;
    }
    const seconds = runs.map((each) => each.seconds);
    const ratios = runs === ours ? '' : spread(ours.map((own, round) => own.seconds / seconds[round]!));
    const peak = Math.max(...runs.map(({ megabytes }) => megabytes));
    console.log(`| ${what} | ${contestant.name} | ${spread(seconds)} | ${ratios} | ${peak.toFixed(0)} |`);
  }
}

/** Milliseconds from a save to the last file written, as watch mode prints them. */
async function watching(edits: number): Promise<string> {
  const ours = workspace('charts', 'clusters');
  const file = 'charts/fn-notifications/fn-notifications.ts';
  const source = readFileSync(join(ours.folder, file), 'utf8');
  const watch = ours.start('synth', '--watch');
  await watch.line(/watching/);
  const taken: number[] = [];
  for (let edit = 0; edit < edits; edit++) {
    ours.write(file, edit % 2 ? source : source.replace('cpu: 70', 'cpu: 60'));
    const [, milliseconds] = /(\d+) ms, /.exec(await watch.line(/wrote [\s\S]* ms, /))!;
    taken.push(Number(milliseconds));
  }
  await watch.interrupt();
  ours.remove();
  return spread(taken, 0);
}

const [cpu] = cpus();
console.log(
  `${cpus().length} x ${cpu?.model}, Node ${process.versions.node}, ${rounds} rounds, load ${loadavg()[0]!.toFixed(1)}\n`,
);
console.log('| what | contestant | seconds | fleet-synth takes, of it | peak MB |');
console.log('| --- | --- | --- | --- | ---: |');
const folder = mkdtempSync(join(tmpdir(), 'fleet-bench-'));
const repository = workspace('charts', 'clusters', 'test', 'bench');
const { compilerOptions, ...project } = JSON.parse(readFileSync('tsconfig.json', 'utf8'));
repository.write(
  'tsconfig.json',
  // The caches are those of the repository that it was copied from.
  JSON.stringify({ ...project, compilerOptions: { ...compilerOptions, tsBuildInfoFile: 'tsbuildinfo' } }),
);
race('all environments', onRepository(repository, join(folder, 'all')));
race('one environment', onRepository(repository, join(folder, 'one'), 'findly-prod'));
repository.remove();
for (const count of [37, 370, 3700]) {
  const ours = workspace();
  const scratch = mkdtempSync(join(folder, 'services-'));
  const expected = Array.from({ length: count }, (_, i) => objectsOf(i)).flat();
  race(`${count} services`, onServices(count, scratch, ours), expected);
  ours.remove();
}
rmSync(folder, { recursive: true });
console.log(
  `\nwatch mode, milliseconds from a save to the last file of the two environments that it is part of: ${await watching(4 * rounds)}`,
);
console.log(`load at the end: ${loadavg()[0]!.toFixed(1)}`);
