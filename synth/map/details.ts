import { gibibytes } from '../../imports/quantity.ts';
import { toYaml } from '../emit.ts';
import type { Tie } from '../explain.ts';
import { groupBy } from '../group-by.ts';
import { type KubeObject, nameOf, type Origin } from '../manifest.ts';
import type { LinkOf } from '../review/markdown.ts';
import type { Synthesis } from '../synthesize.ts';
import type { ClusterMap, Edge, Pods, Vertex } from './model.ts';

/** What opens when one asks for a vertex or a namespace: only texts, so that the page cannot mistake one for markup. */
export interface Details {
  readonly id: string;
  readonly title: string;
  /** `address`: of the line in the forge. */
  readonly facts: readonly Fact[];
  readonly lists: readonly { readonly title: string; readonly items: readonly Item[] }[];
  /** Numbers of objects in `DetailsOf.objects`. */
  readonly objects: readonly number[];
}

/** `to`: the vertex that it is about. */
export interface Item {
  readonly text: string;
  readonly to?: string;
}

export interface AllDetails {
  readonly details: readonly Details[];
  readonly objects: readonly { readonly name: string; readonly yaml: string }[];
}

/** Of every vertex and every namespace; the objects of one are those of its file. */
export function detailsOf(
  map: ClusterMap,
  { plan }: Pick<Synthesis, 'plan'>,
  linkOf: LinkOf = () => undefined,
): AllDetails {
  const objects: { name: string; yaml: string }[] = [];
  const known = new Map<string, readonly number[]>();
  const inFile = (file: string | undefined) => {
    if (!file) return [];
    const found = known.get(file);
    if (found) return found;
    // `clusters/<env>/<path>`
    const planned = plan.files.get(file.split('/').slice(2).join('/'));
    const numbers = (planned?.objects ?? []).map((object) => objects.push(writtenOut(object)) - 1);
    known.set(file, numbers);
    return numbers;
  };
  const out = groupBy(map.edges, ({ from }) => from);
  const into = groupBy(map.edges, ({ to }) => to);
  const policies = groupBy(map.policies, ({ namespace }) => namespace);
  const members = groupBy(map.vertices, ({ namespace = '' }) => namespace);
  const details = [
    ...map.vertices.map((vertex) => ({
      ...ofVertex(vertex, out.get(vertex.id) ?? [], into.get(vertex.id) ?? [], linkOf),
      objects: inFile(vertex.file),
    })),
    ...map.namespaces.map(({ name, source, file, platform }) => ({
      id: `Namespace ${name}`,
      title: name,
      facts: facts([
        ['kind', platform ? 'Namespace of the platform' : 'Namespace'],
        ['written in', place(source), source && linkOf(source)],
        ['file', file, file && linkOf({ file, line: 1 })],
      ]),
      lists: lists([
        ['In it', (members.get(name) ?? []).map(({ id }) => ({ text: id, to: id }))],
        ['NetworkPolicies', (policies.get(name) ?? []).map((policy) => ({ text: `${policy.object}: ${policy.pods}` }))],
      ]),
      objects: inFile(file),
    })),
  ];
  return { details, objects };
}

function ofVertex(
  vertex: Vertex,
  out: readonly Edge[],
  into: readonly Edge[],
  linkOf: LinkOf,
): Omit<Details, 'objects'> {
  const { source, file } = vertex;
  const self = out.filter(({ to }) => to === vertex.id);
  const others = (edges: readonly Edge[], end: 'from' | 'to') =>
    edges
      .filter((edge) => edge[end] !== vertex.id)
      .sort((a, b) => Number(a.platform) - Number(b.platform))
      .map((edge) => ({ text: sayEdge(edge, edge[end]), to: edge[end] }));
  const policies = vertex.neededBy.filter(({ object }) => POLICIES.test(object));
  return {
    id: vertex.id,
    title: vertex.name,
    facts: facts([
      ['kind', vertex.kind],
      ['namespace', vertex.namespace],
      ['written in', place(source), source && linkOf(source)],
      ['construct', vertex.construct],
      ['file', file, file && linkOf({ file, line: 1 })],
      ['applied by', vertex.kustomization && `Flux Kustomization ${vertex.kustomization}`],
      ['held by', vertex.on],
      ['members', self.length ? `talk to each other on ${self.flatMap(({ over }) => over).join(', ')}` : undefined],
    ]),
    lists: lists([
      ['Pods', vertex.pods.map((pods) => ({ text: sayPods(pods) }))],
      ['Calls', others(out, 'to')],
      ['Called by', others(into, 'from')],
      ['Policies', policies.map(({ object }) => ({ text: object }))],
      ['Needs', vertex.needs.map(sayTie)],
      ['Needed by', vertex.neededBy.filter((tie) => !policies.includes(tie)).map(sayTie)],
      ['Without it, these stop to work', vertex.breaks.map((object) => ({ text: object, to: object }))],
    ]),
  };
}

const POLICIES = /^(?:NetworkPolicy|Server|AuthorizationPolicy) /;

type Fact = readonly [label: string, text: string, address?: string];

const facts = (rows: readonly (readonly [string, string | undefined, string?])[]) =>
  rows.flatMap(([label, text, address]): Fact[] => (text ? [address ? [label, text, address] : [label, text]] : []));

const lists = (all: readonly (readonly [string, readonly Item[]])[]) =>
  all.flatMap(([title, items]) => (items.length ? [{ title, items }] : []));

export const place = (source: Origin | undefined) => source && `${source.file}:${source.line}`;

const HOW: Readonly<Record<Edge['how'], string>> = {
  calls: '',
  routes: 'as ',
  publishes: 'messages',
  reads: 'messages',
  delivers: 'messages ',
};

const sayEdge = ({ how, over }: Edge, other: string) =>
  [other, `${HOW[how]}${over.join(', ')}`.trim()].filter(Boolean).join(': ');

const sayTie = ({ object, parts, optional, by }: Tie): Item => ({
  text: [object, parts.length ? `(${parts.join(', ')})` : '', optional ? '(optional)' : '', by ? `made by ${by}` : '']
    .filter(Boolean)
    .join(' '),
  to: object,
});

function sayPods({ of, count, cpu, memory, nodes }: Pods): string {
  const where = Object.entries(nodes).map(([node, pods]) => (pods > 1 ? `${node} (${pods})` : node));
  const each = `${cpu.toFixed(2)} CPU and ${sayBytes(memory)} each`;
  return [`${of}: ${count}`, each, where.length ? `on ${where.join(', ')}` : ''].filter(Boolean).join('; ');
}

/** `1.5Gi`. */
export const sayBytes = (bytes: number) => (bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)}Mi` : gibibytes(bytes));

/** Lines of one object that a page carries: dashboards have thousands, and are read elsewhere. */
const MOST = 400;

function writtenOut(object: KubeObject): AllDetails['objects'][number] {
  const lines = toYaml(object).split('\n');
  const yaml =
    lines.length > MOST
      ? `${lines.slice(0, MOST).join('\n')}\n# and ${lines.length - MOST} more lines`
      : lines.join('\n');
  return { name: nameOf(object), yaml };
}
