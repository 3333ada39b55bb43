import { SVG_STYLE } from './svg.ts';

// The style and the script of the page, inlined so that one file can be mailed, attached and opened anywhere.

export const STYLE = `${SVG_STYLE}
body { max-width: none; font-size: 15px }
small, .keys, .counts { color: var(--quiet); font-size: .875rem }
header p { margin: .35rem 0 }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem }
button { cursor: pointer }
button[aria-pressed=true] { border-color: var(--blue); color: var(--blue) }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; font-size: .875rem }
.legend li::before { content: ""; display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -.1rem; border: 2px solid var(--role); border-radius: .2rem }
.legend .entry::before, .legend .topic::before { border-radius: 1rem }
.legend .job::before, .legend .outside::before { border-style: dashed }
.scroll { overflow: auto }
#picture { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0 1rem; max-height: 82vh }
#picture svg { display: block; margin: 0 auto }
.map [data-id] { cursor: pointer; outline: none }
.map .title[data-id]:hover text { fill: var(--blue); text-decoration: underline }
.map .vertex:hover .body { fill: var(--code) }
.map.many .line { stroke-opacity: .16 }
.map .quiet { display: none; stroke: var(--quiet) }
.map.all .quiet { display: inline }
.map .line.near.near { display: inline; stroke-opacity: 1; stroke-width: 2 }
.map .quiet.near { stroke-width: 1 }
.map.asked .line:not(.near), .map.asked .held, .map.found:not(.asked) .line { opacity: .15 }
.map.asked .vertex:not(.near), .map.found:not(.asked) .vertex:not(.hit) { opacity: .28 }
.map .vertex.asked .body, .map [data-id]:focus-visible .body { stroke: var(--text); stroke-width: 3 }
.map .title:focus-visible text { fill: var(--blue); text-decoration: underline }
#details { position: fixed; inset: 0 0 0 auto; width: min(34rem, 100vw); overflow-y: auto; overscroll-behavior: contain; background: var(--page); border-left: 1px solid var(--line); box-shadow: 0 0 2rem rgb(0 0 0 / .25); padding: 1rem 1.2rem }
@media (min-width: 75rem) { body:has(#details:not([hidden])) { padding-right: 35rem } }
#details h2 { font-size: 1.2rem; margin: 0 4rem .5rem 0; overflow-wrap: anywhere; outline: none }
#details h3 { font-size: .95rem; margin: 1rem 0 .2rem }
#details dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: 0 }
#details dt { color: var(--quiet) }
#details dd { margin: 0; overflow-wrap: anywhere }
#details li button { border: 0; padding: 0; background: none; color: var(--blue); text-align: left; text-decoration: underline; vertical-align: top }
#close { float: right }
table { border-collapse: collapse; width: 100%; font-size: .875rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-top: 1px solid var(--line) }
thead th { color: var(--quiet); border: 0; white-space: nowrap }
td button.open { border: 0; padding: 0; background: none; color: var(--blue); text-decoration: underline; text-align: left }
.load { white-space: nowrap }
.load meter { width: 6rem }
.bad { color: var(--red) }
.steps { padding-left: 1.6rem }
.steps > li { border-top: 1px solid var(--line); padding: .2rem 0 }
.steps > li::marker { color: var(--quiet) }
.steps ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1.6rem }
@media print {
  @page { size: landscape; margin: 1cm }
  #picture { max-height: none; border: 0; overflow: visible; break-after: page }
  #picture svg { width: 100%; height: auto; max-height: 17cm }
  #details { position: static; width: auto; box-shadow: none; border: 0 }
  #close { display: none }
  tr { break-inside: avoid }
}
`;

export const SCRIPT = `
'use strict';
const { details, objects } = JSON.parse(document.getElementById('data').textContent);
const byName = new Map(details.map(({ id }, i) => [id, i]));
const svg = document.querySelector('svg.map');
const frame = document.getElementById('picture');
const panel = document.getElementById('details');
const find = document.getElementById('find');
const matches = document.getElementById('matches');
const rows = [...document.querySelectorAll('#everything tbody tr')];
const words = rows.map((row) => row.textContent.toLowerCase());
const boxes = [...svg.querySelectorAll('.vertex[data-id]')];
const lines = [...svg.querySelectorAll('.line')];
const natural = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };
let scale = 1;
let back = null;

function size(wanted) {
  scale = Math.min(3, Math.max(0.05, wanted));
  svg.setAttribute('width', natural.width * scale);
  svg.setAttribute('height', natural.height * scale);
}
const whole = () => size(Math.min(1.3, (frame.clientWidth - 2) / natural.width));

function near(id) {
  const known = new Set(id === undefined ? [] : [String(id)]);
  for (const line of lines) {
    const own = id !== undefined && (line.dataset.from === String(id) || line.dataset.to === String(id));
    line.classList.toggle('near', own);
    if (own) known.add(line.dataset.from).add(line.dataset.to);
  }
  for (const box of boxes) {
    box.classList.toggle('near', known.has(box.dataset.id));
    box.classList.toggle('asked', box.dataset.id === String(id));
  }
  svg.classList.toggle('asked', boxes.some((box) => box.dataset.id === String(id)));
}

/** Scrolls the picture alone: who reads a table stays there. */
function show(number) {
  const box = boxes.find(({ dataset }) => dataset.id === String(number));
  if (!box) return;
  const [inner, outer] = [box.getBoundingClientRect(), frame.getBoundingClientRect()];
  if (inner.left < outer.left || inner.right > outer.right) frame.scrollLeft += inner.left - outer.left - outer.width / 2;
  if (inner.top < outer.top || inner.bottom > outer.bottom) frame.scrollTop += inner.top - outer.top - outer.height / 2;
}

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

function itemOf({ text, to }) {
  const number = byName.get(to);
  if (number === undefined) return element('li', text);
  const button = element('button', text);
  button.type = 'button';
  button.addEventListener('click', () => open(number));
  return element('li', undefined, button);
}

function objectOf(number) {
  const { name, yaml } = objects[number];
  return element('details', undefined, element('summary', name), element('pre', yaml));
}

function open(number) {
  const { title, facts, lists, objects: own } = details[number];
  if (panel.hidden) back = document.activeElement;
  document.getElementById('details-title').textContent = title;
  document.getElementById('details-body').replaceChildren(
    element('dl', undefined, ...facts.flatMap(([label, text]) => [element('dt', label), element('dd', text)])),
    ...lists.flatMap((list) => [element('h3', list.title), element('ul', undefined, ...list.items.map(itemOf))]),
    ...(own.length ? [element('h3', 'Objects'), ...own.map(objectOf)] : []),
  );
  panel.hidden = false;
  panel.scrollTop = 0;
  near(number);
  show(number);
  document.getElementById('details-title').focus();
}

function close() {
  panel.hidden = true;
  near(undefined);
  if (back && back.isConnected) back.focus();
}

function search() {
  const wanted = find.value.trim().toLowerCase();
  const hits = new Set();
  rows.forEach((row, i) => {
    row.hidden = !words[i].includes(wanted);
    if (!row.hidden) hits.add(row.dataset.id);
  });
  for (const box of boxes) box.classList.toggle('hit', wanted !== '' && hits.has(box.dataset.id));
  svg.classList.toggle('found', wanted !== '');
  matches.textContent = wanted ? hits.size + ' of ' + rows.length : '';
  return [...hits];
}

document.addEventListener('click', (event) => {
  const asked = event.target.closest('[data-id][role=button], button.open');
  if (asked) { asked.focus(); open(Number(asked.dataset.id)); }
});
svg.addEventListener('focusin', (event) => { if (panel.hidden && event.target.dataset.id) near(event.target.dataset.id); });
svg.addEventListener('focusout', () => { if (panel.hidden) near(undefined); });
svg.addEventListener('mouseover', (event) => {
  const box = event.target.closest('.vertex[data-id]');
  if (panel.hidden) near(box ? box.dataset.id : undefined);
});
find.addEventListener('input', search);
document.getElementById('close').addEventListener('click', close);
document.getElementById('larger').addEventListener('click', () => size(scale * 1.25));
document.getElementById('smaller').addEventListener('click', () => size(scale / 1.25));
document.getElementById('whole').addEventListener('click', whole);
document.getElementById('platform').addEventListener('click', (event) => {
  event.target.setAttribute('aria-pressed', String(svg.classList.toggle('all')));
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    if (!panel.hidden) close();
    else if (find.value) { find.value = ''; search(); }
    return;
  }
  if (event.target === find) {
    const [first] = event.key === 'Enter' ? search() : [];
    if (first !== undefined && find.value.trim()) { event.preventDefault(); open(Number(first)); }
    return;
  }
  if (event.key === '/') { event.preventDefault(); find.focus(); find.select(); }
  else if (event.key === '+') size(scale * 1.25);
  else if (event.key === '-') size(scale / 1.25);
  else if (event.key === '0') whole();
  else if ((event.key === 'Enter' || event.key === ' ') && event.target.matches('[data-id][role=button]')) {
    event.preventDefault();
    open(Number(event.target.dataset.id));
  }
});
// Paper has no triangles to click.
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('main > details:not([open])')) {
    part.open = true;
    addEventListener('afterprint', () => { part.open = false; }, { once: true });
  }
});
// A picture that nobody could read is better scrolled.
size(Math.max(0.55, Math.min(1.3, (frame.clientWidth - 2) / natural.width)));
`;
