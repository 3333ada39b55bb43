import { documentOf, escaped } from '../html.ts';
import type { LinkOf } from '../review/markdown.ts';
import type { Synthesis } from '../synthesize.ts';
import { type AllDetails, detailsOf } from './details.ts';
import { layOut } from './layout.ts';
import type { ClusterMap, Role } from './model.ts';
import { SCRIPT } from './page-script.ts';
import { STYLE } from './page-style.ts';
import { contentOf, type Handles } from './svg.ts';
import { tablesOf } from './tables.ts';

/**
 * One page that needs nothing else: the picture, what is behind every box of it, and the same as tables. `linkOf` gives lines
 * their address in the forge.
 */
export function mapPage(map: ClusterMap, synthesis: Pick<Synthesis, 'plan'>, linkOf: LinkOf = () => undefined): string {
  const all = detailsOf(map, synthesis, linkOf);
  const numbers = new Map(all.details.map(({ id }, i) => [id, i]));
  const numberOf = (id: string) => numbers.get(id);
  const title = `${map.environment}: who calls whom`;
  const picture = layOut(map);
  const { width, height } = picture;
  const many = picture.lines.filter(({ edges }) => edges.some(({ platform }) => !platform)).length > MANY;
  const body = `<a class="skip" href="#everything">Skip the picture</a>
<header>
<h1>${escaped(title)}</h1>
<p class="counts">${escaped(countsOf(map))}</p>
<p class="tools"><label>Find <input type="search" id="find" placeholder="name, namespace, kind" aria-keyshortcuts="/"></label>
<span id="matches" role="status"></span>
<button type="button" id="platform" aria-pressed="false">Platform's connections</button>
<button type="button" id="smaller" aria-label="Smaller">−</button><button type="button" id="larger" aria-label="Larger">+</button><button type="button" id="whole">Whole picture</button></p>
<p class="keys"><kbd>/</kbd> find, <kbd>Tab</kbd> next, <kbd>Enter</kbd> open, <kbd>Esc</kbd> close, <kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd> size</p>
<ul class="legend" aria-label="Colours">${LEGEND.map(([role, text]) => `<li class="${role}">${text}</li>`).join('')}</ul>
</header>
<main>
<div id="picture" class="scroll">
<svg class="map${many ? ' many' : ''}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="${escaped(title)}">
${contentOf(picture, handles(numberOf))}
</svg>
</div>
<aside id="details" aria-labelledby="details-title" hidden>
<button type="button" id="close" aria-keyshortcuts="Escape">Close</button>
<h2 id="details-title" tabindex="-1"></h2>
<div id="details-body"></div>
</aside>
${tablesOf(map, numberOf, linkOf)}
</main>
<script type="application/json" id="data">${embedded(all)}</script>`;
  return documentOf({ title, style: STYLE, body, script: SCRIPT });
}

/** From so many lines on, each is drawn fainter. */
const MANY = 400;

const LEGEND: readonly (readonly [Role, string])[] = [
  ['entry', 'host'],
  ['service', 'service'],
  ['job', 'job'],
  ['store', 'store'],
  ['topic', 'topic, queue, broker'],
  ['outside', 'outside'],
  ['platform', 'platform'],
];

function countsOf({ vertices, namespaces, machines, policies, order }: ClusterMap): string {
  // Pods that nothing here has a template of are nobody's service.
  const count = (role: Role) => vertices.filter((vertex) => vertex.role === role && vertex.kind !== 'pods').length;
  const counts: readonly (readonly [number, string])[] = [
    [count('service'), 'service'],
    [count('store'), 'store'],
    [count('topic'), 'topic or queue'],
    [count('job'), 'job'],
    [namespaces.length, 'namespace'],
    [policies.length, 'network policy'],
    [machines.length, 'node'],
    [order.length, 'Flux Kustomization'],
  ];
  return counts.flatMap(([many, one]) => (many ? `${many} ${many === 1 ? one : manyOf(one)}` : [])).join(', ');
}

const manyOf = (one: string) =>
  one
    .split(' or ')
    .map((word) => (word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`))
    .join(' and ');

const handles = (numberOf: (id: string) => number | undefined): Handles => {
  const button = (id: string, label: string) => {
    const number = numberOf(id);
    // Outside of the cluster there are no namespaces to tell of.
    return number === undefined ? '' : ` data-id="${number}" tabindex="0" role="button" aria-label="${escaped(label)}"`;
  };
  return {
    vertex: ({ id, role }) => button(id, `${id}, ${role}`),
    group: ({ namespace }) => (namespace ? button(`Namespace ${namespace}`, `Namespace ${namespace}`) : ''),
    line: ({ from, to }) => ` data-from="${numberOf(from.vertex.id)}" data-to="${numberOf(to.vertex.id)}"`,
  };
};

/** JSON inside a script element: nothing in it may end the element. */
const embedded = (all: AllDetails) => JSON.stringify(all).replaceAll('<', '\\u003c');
