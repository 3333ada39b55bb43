import { gibibytes } from '../imports/quantity.ts';
import colors from '../synth/colors.ts';
import { type Fit, fitOf, goesOn, type Scenario } from '../synth/fit/fit.ts';
import { pageOf } from '../synth/fit/page.ts';
import type { Seat } from '../synth/fit/place.ts';
import { jsonOf } from '../synth/report.ts';
import { synthesized } from './described.ts';
import { environmentNames, Refusal } from './project.ts';

export interface FitOptions {
  /** Only the situation with this node gone. */
  readonly without?: string;
  readonly format: 'text' | 'json' | 'html';
}

/** Shows who sits on which node, at rest and in every situation that the checks look at. Exit code 1 where not all find one. */
export async function fit(wanted: string, { without, format }: FitOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const { environment, synthesis } = await synthesized(name);
  const all = fitOf(synthesis.index, environment.nodes);
  const scenarios =
    without === undefined ? all.scenarios : all.scenarios.filter((each) => each.name === `without ${without}`);
  if (!scenarios.length) {
    const nodes = all.scenarios[0]!.seats.map(({ node }) => node);
    throw new Refusal(`--without ${without}: ${name} has no such node; it has ${nodes.join(', ')}`);
  }
  const shown = { ...all, scenarios };
  if (format === 'json') console.log(jsonOf({ environment: name, scenarios: scenarios.map(plain) }));
  else console.log(format === 'html' ? pageOf(name, shown) : textOf(shown));
  // An autoscaler's maximum is a wish.
  if (scenarios.some((each) => each.homeless.length && !each.name.startsWith('every '))) process.exitCode = 1;
}

const plain = ({ name, seats, homeless, away, notes }: Scenario) => ({
  name,
  nodes: seats.map(({ node, capacity, used, residents }) => ({
    node,
    capacity,
    used,
    residents: [...residents].map(([resident, pods]) => ({ name: resident.name, pods, requests: resident.requests })),
  })),
  homeless: homeless.map(({ resident, pods, why }) => ({ name: resident.name, pods, why })),
  away: away.map(({ resident, lost, left }) => ({ name: resident.name, lost, left })),
  notes,
});

function textOf({ scenarios }: Fit): string {
  const [first] = scenarios;
  return [colors.bold(first!.name), ...table(first!.seats), '', ...scenarios.flatMap(verdict)].join('\n');
}

function table(seats: readonly Seat[]): string[] {
  const width = Math.max(...seats.map(({ node }) => node.length));
  return seats.map(({ node, used, capacity }) =>
    [
      `  ${node.padEnd(width)}`,
      `${bar(used.cpu / capacity.cpu)} ${`${used.cpu.toFixed(1)} of ${capacity.cpu} CPU`.padEnd(16)}`,
      `${bar(used.memory / capacity.memory)} ${`${gibibytes(used.memory)} of ${gibibytes(capacity.memory)}`.padEnd(18)}`,
      ...(Number.isFinite(capacity.disk)
        ? [
            `${bar(used.disk / capacity.disk)} ${`${gibibytes(used.disk)} of ${gibibytes(capacity.disk)} disk`.padEnd(24)}`,
          ]
        : []),
      `${used.pods} pods`,
    ].join('  '),
  );
}

function bar(part: number): string {
  const cells = Math.min(10, Math.round(part * 10));
  const paint = part > 0.95 ? colors.red : part > 0.8 ? colors.yellow : colors.green;
  return paint('█'.repeat(cells)) + colors.dim('░'.repeat(10 - cells));
}

function verdict({ name, homeless, away, notes }: Scenario): string[] {
  const stopped = away.filter((each) => !goesOn(each));
  const waiting = away.filter(goesOn);
  const members = (list: Scenario['away']) =>
    list.map(({ resident, lost, left }) => `${resident.name} ${lost} of ${lost + left}`).join(', ');
  return [
    `${name}: ${homeless.length ? colors.red('does not fit') : colors.green('fits')}`,
    ...homeless.map(({ resident, pods, why }) => `  ${pods} of ${resident.name} without a node: ${why}`),
    ...(stopped.length ? [`  stops until it is back: ${members(stopped)}`] : []),
    ...(waiting.length ? [`  goes on without: ${members(waiting)}`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}
