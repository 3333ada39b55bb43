import { Draw } from './draw.ts';

/** Which fault comes when, and what it hits; printed, so that `SEED=` repeats it. */
const seed = Number(process.env['SEED'] ?? 20);

/** Of each kind of fault by `npm run test:daemons -- --soak`. */
const SOAK = 20;

export interface Rounds<Fault extends string> {
  readonly seed: number;
  readonly draw: Draw;
  /** Every kind of fault once per round, in an order that is drawn anew for each. */
  readonly drawn: readonly { readonly fault: Fault; readonly round: number }[];
  /** Prints one line about it. */
  report(line: string): void;
}

/** What one engine has to go through: each of its faults `usual` times, and 20 times in a soak. */
export function roundsOf<Fault extends string>(
  engine: string,
  faults: readonly Fault[],
  { usual }: { readonly usual: number },
): Rounds<Fault> {
  const count = process.env['SOAK'] ? SOAK : usual;
  const draw = new Draw(seed);
  const report = (line: string) => void process.stdout.write(`${engine}: ${line}\n`);
  report(`SEED=${seed}, each of ${faults.length} faults ${count} times`);
  const drawn = Array.from({ length: count }, (_, index) =>
    draw.shuffled(faults).map((fault) => ({ fault, round: index + 1 })),
  ).flat();
  return { seed, draw, drawn, report };
}
