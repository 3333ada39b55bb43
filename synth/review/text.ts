import colors from '../colors.ts';
import type { Page } from './page.ts';
import { countsOf, LEVELS, type Line, sectionsOf } from './sections.ts';

/** A page for a terminal. */
export function textPage(page: Page): string {
  const { level, why } = page.verdict;
  const sections = sectionsOf(page).map(({ title, lines }) => `${colors.bold(title)}\n${lines.map(lineOf).join('\n')}`);
  return [
    `${colors.bold(page.environment)}: ${PAINT[level](LEVELS[level])}, ${why}\n${colors.dim(countsOf(page))}`,
    ...sections,
  ].join('\n\n');
}

const PAINT: Readonly<Record<Page['verdict']['level'], (text: string) => string>> = {
  none: colors.dim,
  routine: colors.green,
  changes: colors.cyan,
  risky: colors.yellow,
  destroys: colors.red,
};

export function lineOf({ text, subject, level, sources = [], steps = [], detail }: Line): string {
  const places = sources.slice(0, 3).map(({ file, line }) => `${file}:${line}`);
  const more = sources.length > 3 ? ` and ${sources.length - 3} more` : '';
  const mark = level === 'destroys' ? colors.red('!! ') : level === 'risky' ? colors.yellow('! ') : '';
  return [
    `  ${mark}${subject ? `${colors.bold(subject)}: ` : ''}${text}${places.length ? colors.dim(` (${places.join(', ')}${more})`) : ''}`,
    ...steps.map((step, i) => `      ${i + 1}. ${step}`),
    ...(detail ? detail.split('\n').map((each) => `      ${each}`) : []),
  ].join('\n');
}
