// One synth's writing in a process of its own: node --experimental-vm-modules --no-warnings run.mjs test/synth/publisher.ts <root> <plan.json> [point]
// The plan holds the texts of every environment; before the point of that number the process kills itself, and
// `forever` writes the plan and an empty one in turn until somebody else does.
import { readFileSync } from 'node:fs';
import { compare } from '../../synth/compare.ts';
import { publish, readTree, settle } from '../../synth/publish.ts';

const [root = '', planFile = '', point] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Record<string, Record<string, string>>;

function run(plan: Record<string, Record<string, string>>) {
  let left = point === undefined ? Number.NaN : Number(point);
  const hook = () => {
    if (left-- === 0) process.kill(process.pid, 'SIGKILL');
  };
  settle(root);
  const comparisons = Object.entries(plan).map(([environment, files]) =>
    compare({ environment, tree: readTree(root, environment), files: new Map(Object.entries(files)) }),
  );
  publish(root, comparisons, { hook });
}

try {
  run(plan);
  while (point === 'forever') {
    run(Object.fromEntries(Object.keys(plan).map((environment) => [environment, {}])));
    run(plan);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
