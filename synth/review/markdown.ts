import type { Origin } from '../manifest.ts';
import type { Page } from './page.ts';
import { countsOf, LEVELS, type Line, sectionsOf } from './sections.ts';

/** The address of a line in the forge; undefined where there is none. */
export type LinkOf = (origin: Origin) => string | undefined;

/** Lines after which a part is folded away: a comment is read at a glance. */
const LONG = 12;

/** A page for a comment or a job summary, in GitHub's, Gitea's and GitLab's common Markdown. */
export function markdownPage(page: Page, linkOf: LinkOf): string {
  const { level, why } = page.verdict;
  const sections = sectionsOf(page).map(({ id, title, lines }) => {
    const body = lines.map((line) => lineOf(line, linkOf)).join('\n');
    const isFolded = id !== 'cautions' && (lines.length > LONG || id === 'differences');
    return isFolded
      ? `<details><summary>${title} (${lines.length})</summary>\n\n${body}\n\n</details>`
      : `### ${title}\n\n${body}`;
  });
  return [
    `## ${escaped(page.environment)}: ${LEVELS[level]}`,
    `${ICON[level]} **${escaped(why)}**`,
    countsOf(page),
    ...sections,
  ].join('\n\n');
}

const ICON: Readonly<Record<Page['verdict']['level'], string>> = {
  none: '⚪',
  routine: '🟢',
  changes: '🔵',
  risky: '🟠',
  destroys: '🔴',
};

function lineOf({ text, subject, level, sources = [], steps = [], detail }: Line, linkOf: LinkOf): string {
  const places = sources.slice(0, 3).map((source) => {
    const name = `${source.file}:${source.line}`;
    const link = linkOf(source);
    return link ? `[${escaped(name)}](${link})` : `\`${name}\``;
  });
  const more = sources.length > 3 ? ` and ${sources.length - 3} more` : '';
  const mark = level === 'destroys' ? '🔴 ' : level === 'risky' ? '🟠 ' : '';
  return [
    `- ${mark}${subject ? `**${escaped(subject)}**: ` : ''}${escaped(text)}${places.length ? ` (${places.join(', ')}${more})` : ''}`,
    ...steps.map((step, i) => `  ${i + 1}. ${escaped(step)}`),
    ...(detail
      ? ['', `  ${fence(detail)}diff`, ...detail.split('\n').map((each) => `  ${each}`), `  ${fence(detail)}`, '']
      : []),
  ].join('\n');
}

/** Longer than any fence in the text. */
const fence = (text: string) =>
  '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));

/** What a name says is text: no markup, no mention of a person, no link to an issue. */
const escaped = (text: string) =>
  text
    .replaceAll(/[\\`*_[\]<>|#]/g, '\\$&')
    .replaceAll('@', '@\u2060')
    .replaceAll('\n', ' ');
