import { groupBy } from '../group-by.ts';
import { compare } from '../layout.ts';
import type { ClusterMap, Edge, Role, Vertex } from './model.ts';

/** What GitHub draws at most: https://mermaid.js.org/config/schema-docs/config.html, maxEdges and maxTextSize. */
const MOST = { edges: 500, characters: 50_000 };

/**
 * A flowchart for documents: namespaces and who calls whom in them, without the platform. Where that is more than
 * Mermaid draws, one box per namespace.
 */
export function mermaidOf(map: ClusterMap): string {
  const vertices = map.vertices.filter(({ role }) => role !== 'platform');
  const edges = map.edges.filter(({ platform, from, to }) => !platform && from !== to);
  const whole = flowchart(vertices, edges);
  return edges.length <= MOST.edges && whole.length <= MOST.characters ? whole : byNamespace(vertices, edges);
}

function flowchart(vertices: readonly Vertex[], edges: readonly Edge[]): string {
  const ids = new Map(vertices.map(({ id }, i) => [id, `n${i}`]));
  const lines: string[] = [];
  for (const [namespace, members] of groupBy(vertices, ({ namespace = '' }) => namespace)) {
    const boxes = members.map((vertex) => `${ids.get(vertex.id)}${SHAPES[vertex.role](quoted(vertex.name))}`);
    lines.push(
      ...(namespace
        ? [`  subgraph ${quoted(namespace)}`, ...boxes.map((box) => `    ${box}`), '  end']
        : boxes.map((box) => `  ${box}`)),
    );
  }
  const arrows = edges.map(({ from, to, over }) => {
    const said = over.length && over.length <= 3 ? `|${quoted(over.join(', '))}|` : '';
    return `  ${ids.get(from)} -->${said} ${ids.get(to)}`;
  });
  return ['flowchart LR', ...lines, ...arrows, ''].join('\n');
}

const SHAPES: Readonly<Record<Role, (name: string) => string>> = {
  entry: (name) => `([${name}])`,
  service: (name) => `[${name}]`,
  job: (name) => `[/${name}/]`,
  store: (name) => `[(${name})]`,
  topic: (name) => `[[${name}]]`,
  platform: (name) => `[${name}]`,
  outside: (name) => `{{${name}}}`,
};

function byNamespace(vertices: readonly Vertex[], edges: readonly Edge[]): string {
  const whose = new Map(
    vertices.map(({ id, namespace, role, name }) => [id, namespace ?? (role === 'entry' ? 'comes in by' : name)]),
  );
  const sizes = groupBy(vertices, ({ id }) => whose.get(id)!);
  const ids = new Map([...sizes.keys()].map((title, i) => [title, `n${i}`]));
  const pairs = groupBy(
    edges.filter(({ from, to }) => whose.get(from) !== whose.get(to)),
    ({ from, to }) => `  ${ids.get(whose.get(from)!)} -->|%| ${ids.get(whose.get(to)!)}`,
  );
  return [
    'flowchart LR',
    `  %% ${vertices.length} boxes and ${edges.length} arrows are more than Mermaid draws: one box for each namespace`,
    ...[...sizes].map(([title, { length }]) => `  ${ids.get(title)}[${quoted(`${title} (${length})`)}]`),
    ...[...pairs].map(([arrow, { length }]) => arrow.replace('%', `${length}`)).sort(compare),
    '',
  ].join('\n');
}

/** Entity codes with #, as https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters asks for. */
const quoted = (text: string) =>
  `"${text.replaceAll(/[#"<>&;`]/g, (character) => `#${character.codePointAt(0)};`).replaceAll('\n', ' ')}"`;
