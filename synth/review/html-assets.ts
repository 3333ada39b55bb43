// The style and the script of the page, inlined so that one file can be mailed, attached and opened anywhere.

export const STYLE = `
nav { display: flex; flex-wrap: wrap; gap: .5rem }
nav a { border: 1px solid var(--line); border-radius: .4rem; padding: .15rem .6rem; text-decoration: none }
small, .keys, .counts, .places { color: var(--quiet); font-size: .875rem }
article { border: 1px solid var(--line); border-left-width: .4rem; border-radius: .4rem; margin: 1rem 0; padding: 1rem }
article.destroys { border-left-color: var(--red) }
article.risky { border-left-color: var(--amber) }
article.changes { border-left-color: var(--blue) }
article.routine { border-left-color: var(--green) }
.destroys > .verdict strong, nav a.destroys small, li.destroys > b { color: var(--red) }
.risky > .verdict strong, nav a.risky small, li.risky > b { color: var(--amber) }
.routine > .verdict strong, nav a.routine small, li.good > b { color: var(--green) }
.verdict { font-size: 1.1rem; margin: .25rem 0 }
ins { color: var(--green); text-decoration: none }
del { color: var(--red); text-decoration: none }
@media print { article { break-inside: avoid-page } }
`;

export const SCRIPT = `
'use strict';
const filter = document.getElementById('filter');
const expand = document.getElementById('expand');
const matches = document.getElementById('matches');
const parts = [...document.querySelectorAll('details')];
const lines = parts.flatMap((part) => [...part.querySelectorAll(':scope > ul > li')]);
const openAtFirst = parts.map((part) => part.open);
function openAll(open) {
  parts.forEach((part, i) => { part.open = open || openAtFirst[i]; });
  expand.setAttribute('aria-pressed', String(open));
  expand.textContent = open ? 'Collapse' : 'Expand all';
}
function search() {
  const wanted = filter.value.trim().toLowerCase();
  let found = 0;
  for (const line of lines) {
    line.hidden = wanted !== '' && !line.textContent.toLowerCase().includes(wanted);
    if (!line.hidden) found++;
  }
  for (const part of parts) part.hidden = wanted !== '' && !part.querySelector(':scope > ul > li:not([hidden])');
  if (wanted) openAll(true); else openAll(false);
  matches.textContent = wanted ? found + ' of ' + lines.length + ' lines' : '';
}
function step(by) {
  const seen = parts.filter((part) => !part.hidden).map((part) => part.querySelector('summary'));
  const next = seen[Math.max(0, Math.min(seen.length - 1, seen.indexOf(document.activeElement) + by))];
  if (next) { next.focus(); next.scrollIntoView({ block: 'nearest' }); }
}
filter.addEventListener('input', search);
expand.addEventListener('click', () => openAll(expand.getAttribute('aria-pressed') !== 'true'));
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === filter) {
    if (event.key === 'Escape') { filter.value = ''; search(); filter.blur(); }
    return;
  }
  if (event.key === '/') { event.preventDefault(); filter.focus(); }
  else if (event.key === 'j') step(1);
  else if (event.key === 'k') step(-1);
  else if (event.key === 'e') openAll(expand.getAttribute('aria-pressed') !== 'true');
});
`;
