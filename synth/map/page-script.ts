/** Only texts go into the page, never markup: what opens is built of elements. */
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

function sayOf([, text, address]) {
  if (!address) return element('dd', text);
  const link = element('a', text);
  link.href = address;
  return element('dd', undefined, link);
}

function open(number) {
  const { title, facts, lists, objects: own } = details[number];
  if (panel.hidden) back = document.activeElement;
  document.getElementById('details-title').textContent = title;
  document.getElementById('details-body').replaceChildren(
    element('dl', undefined, ...facts.flatMap((fact) => [element('dt', fact[0]), sayOf(fact)])),
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
