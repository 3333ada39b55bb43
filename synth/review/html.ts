import { documentOf, escaped } from '../html.ts';
import type { Origin } from '../manifest.ts';
import { SCRIPT, STYLE } from './html-assets.ts';
import type { LinkOf } from './markdown.ts';
import type { Page } from './page.ts';
import { countsOf, LEVELS, type Line, type Section, sectionsOf } from './sections.ts';

/** One self-contained file for all environments: no network, dark and light, read by keyboard, and it prints. */
export function htmlPages(
  pages: readonly Page[],
  { title, linkOf }: { readonly title: string; readonly linkOf: LinkOf },
): string {
  const body = `<a class="skip" href="#pages">Skip to the first page</a>
<header>
<h1>${escaped(title)}</h1>
<nav aria-label="Environments">${pages.map(tabOf).join('')}</nav>
<p class="tools"><label>Filter <input type="search" id="filter" placeholder="object, field, value" aria-keyshortcuts="/"></label>
<button type="button" id="expand" aria-keyshortcuts="e" aria-pressed="false">Expand all</button>
<span id="matches" role="status"></span></p>
<p class="keys"><kbd>/</kbd> filter, <kbd>j</kbd> <kbd>k</kbd> next and previous part, <kbd>Enter</kbd> open or close, <kbd>e</kbd> all</p>
</header>
<main id="pages">${pages.map((page) => pageOf(page, linkOf)).join('\n')}</main>`;
  return documentOf({ title, style: STYLE, body, script: SCRIPT });
}

const idOf = (environment: string) => `env-${environment.replaceAll(/[^\w-]/g, '-')}`;

const tabOf = ({ environment, verdict: { level } }: Page) =>
  `<a class="${level}" href="#${idOf(environment)}">${escaped(environment)} <small>${LEVELS[level]}</small></a>`;

function pageOf(page: Page, linkOf: LinkOf): string {
  const { environment, verdict } = page;
  const sections = sectionsOf(page).map((section) => sectionOf(section, environment, linkOf));
  return `<article id="${idOf(environment)}" class="${verdict.level}">
<h2>${escaped(environment)}</h2>
<p class="verdict"><strong>${LEVELS[verdict.level]}</strong> ${escaped(verdict.why)}</p>
<p class="counts">${escaped(countsOf(page))}</p>
${sections.join('\n')}
</article>`;
}

const OPEN = new Set(['cautions', 'restarts', 'removed', 'secrets']);

const sectionOf = ({ id, title, lines }: Section, environment: string, linkOf: LinkOf) =>
  `<details id="${idOf(environment)}-${id}"${OPEN.has(id) ? ' open' : ''}><summary>${title} <small>${lines.length}</small></summary><ul>${lines.map((line) => lineOf(line, linkOf)).join('')}</ul></details>`;

function lineOf({ text, subject, level, sources = [], steps = [], detail }: Line, linkOf: LinkOf): string {
  const places = sources
    .slice(0, 3)
    .map((source) => placeOf(source, linkOf))
    .join(' ');
  const more = sources.length > 3 ? ` and ${sources.length - 3} more` : '';
  return `<li${level ? ` class="${level}"` : ''}>${subject ? `<b>${escaped(subject)}</b> ` : ''}${escaped(text)}${places ? ` <span class="places">${places}${more}</span>` : ''}${steps.length ? `<ol>${steps.map((step) => `<li>${escaped(step)}</li>`).join('')}</ol>` : ''}${detail ? `<pre>${detail.split('\n').map(diffLine).join('\n')}</pre>` : ''}</li>`;
}

function placeOf(source: Origin, linkOf: LinkOf): string {
  const name = escaped(`${source.file}:${source.line}`);
  const link = linkOf(source);
  return link ? `<a href="${escaped(link)}">${name}</a>` : `<code>${name}</code>`;
}

function diffLine(line: string): string {
  const kind = line.startsWith('+') ? 'ins' : line.startsWith('-') ? 'del' : undefined;
  return kind ? `<${kind}>${escaped(line)}</${kind}>` : escaped(line);
}
