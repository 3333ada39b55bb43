import { Draw } from './draw.ts';

/** Which fault comes when, and what it hits; printed, so that `SEED=` repeats it. */
const seed = Number(process.env['SEED'] ?? 20);

/** Draws only faults whose name it matches, while one is being worked on: `FAULT='cut off'`. */
const wanted = new RegExp(process.env['FAULT'] ?? '');

/** Of each kind of fault by `npm run test:daemons -- --soak`. */
const SOAK = 20;

/** A part of the faults, for a cluster of its own beside the others: most of the time they wait. */
export interface Lane<Fault extends string> {
  readonly lane: number;
  readonly seed: number;
  readonly mine: readonly Fault[];
}

/**
 * Seconds without an acknowledged write that no fault may cost, on a machine of two cores that is busy with other work.
 * What it did cost is printed, and stated in ARCHITECTURE.md.
 */
export const LONGEST_PAUSE = 120;

/** For all faults of one lane, in milliseconds, also in a soak; each has a bound of its own. */
export const LANE_PATIENCE = 10_800_000;

export interface Rounds<Fault extends string> {
  readonly draw: Draw;
  /** Every kind of fault once per round, in an order that is drawn anew for each. */
  readonly drawn: readonly { readonly fault: Fault; readonly round: number }[];
  /** The same, dealt out. */
  readonly lanes: readonly Lane<Fault>[];
  /** Prints one line about it. */
  report(line: string): void;
}

/** What one engine has to go through: each of its faults `usual` times, and 20 times in a soak. */
export function roundsOf<Fault extends string>(
  engine: string,
  faults: readonly Fault[],
  { usual, lanes = 1 }: { readonly usual: number; readonly lanes?: number },
): Rounds<Fault> {
  const count = process.env['SOAK'] ? SOAK : usual;
  const chosen = faults.filter((fault) => wanted.test(fault));
  const draw = new Draw(seed);
  const report = (line: string) => void process.stdout.write(`${engine}: ${line}\n`);
  report(`SEED=${seed}, each of ${chosen.length} faults ${count === 1 ? 'once' : `${count} times`}`);
  const drawn = Array.from({ length: count }, (_, index) =>
    draw.shuffled(chosen).map((fault) => ({ fault, round: index + 1 })),
  ).flat();
  const dealt = Array.from({ length: lanes }, (_, lane) => ({
    lane,
    seed: seed + lane,
    mine: drawn.filter((_, index) => index % lanes === lane).map(({ fault }) => fault),
  }));
  return { draw, drawn, lanes: dealt.filter(({ mine }) => mine.length), report };
}
