import colors from '../synth/colors.ts';
import type { Change } from '../synth/live/drift.ts';

/** One line per field: what is there, and what Flux would make of it. */
export const changeLines = (changes: readonly Change[]): string[] =>
  changes.map(({ field, live, wanted, by }) => {
    const from = live === undefined ? 'nothing' : live;
    const to = wanted === undefined ? 'nothing' : wanted;
    return `    ${field}: ${colors.red(from)} -> ${colors.green(to)}${by ? colors.dim(` (set by ${by})`) : ''}`;
  });
