import { escaped } from '../html.ts';
import type { Origin } from '../manifest.ts';
import type { LinkOf } from '../review/markdown.ts';
import { place, sayBytes } from './details.ts';
import type { ClusterMap, Edge, Machine, Vertex } from './model.ts';

/** Everything as text, for who does not want a picture, and for paper. */
export function tablesOf(map: ClusterMap, numberOf: (id: string) => number | undefined, linkOf: LinkOf): string {
  return [
    section('nodes', 'Nodes', `${map.machines.length}`, nodes(map), true),
    section('order', 'Flux order', `${map.order.length}`, order(map), true),
    section('everything', 'Everything', `${map.vertices.length}`, everything(map, numberOf, linkOf), true),
    section('policies', 'Network policies', `${map.policies.length}`, policies(map), false),
  ].join('\n');
}

const section = (id: string, title: string, count: string, body: string, open: boolean) =>
  `<details id="${id}"${open ? ' open' : ''}><summary>${title} <small>${count}</small></summary>${body}</details>`;

const table = (head: readonly string[], rows: readonly string[]) =>
  `<div class="scroll"><table><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;

const cells = (...texts: readonly string[]) => texts.map((text) => `<td>${text}</td>`).join('');

function everything(
  { vertices, edges }: ClusterMap,
  numberOf: (id: string) => number | undefined,
  linkOf: LinkOf,
): string {
  const counted = (end: 'from' | 'to') => {
    const counts = new Map<string, number>();
    for (const edge of edges) if (!isOwn(edge)) counts.set(edge[end], (counts.get(edge[end]) ?? 0) + 1);
    return counts;
  };
  const [out, into] = [counted('from'), counted('to')];
  const row = (vertex: Vertex) => {
    const { id, name, namespace = '', kind, role, pods, source } = vertex;
    const many = pods.map(({ count }) => count).join(', ');
    return `<tr data-id="${numberOf(id)}"><td><button type="button" class="open" data-id="${numberOf(id)}">${escaped(name)}</button></td>${cells(
      escaped(namespace),
      escaped(kind),
      role,
      escaped(many),
      `${out.get(id) ?? 0}`,
      `${into.get(id) ?? 0}`,
      written(source, linkOf),
    )}</tr>`;
  };
  const head = ['Name', 'Namespace', 'Kind', 'Role', 'Pods', 'Calls', 'Called by', 'Written in'];
  return table(head, vertices.map(row));
}

function written(source: Origin | undefined, linkOf: LinkOf): string {
  if (!source) return '';
  const code = `<code>${escaped(place(source)!)}</code>`;
  const address = linkOf(source);
  return address ? `<a href="${escaped(address)}">${code}</a>` : code;
}

const isOwn = ({ from, to }: Edge) => from === to;

function nodes({ machines, homeless }: ClusterMap): string {
  const rows = machines.map(({ name, arch, used, capacity, residents }) => {
    const pods = residents.map((resident) => `${resident.name}${resident.pods > 1 ? ` × ${resident.pods}` : ''}`);
    return `<tr><th scope="row">${escaped(name)}</th>${cells(
      escaped(arch),
      load('CPU', used.cpu, capacity.cpu, (cores) => cores.toFixed(1)),
      load('memory', used.memory, capacity.memory, sayBytes),
      capacity.disk === undefined ? '' : load('disk', used.disk, capacity.disk, sayBytes),
      load('pods', used.pods, capacity.pods, String),
      `<details><summary>${used.pods} pods</summary>${pods.map(escaped).join('<br>')}</details>`,
    )}</tr>`;
  });
  return [
    ...homeless.map((line) => `<p class="bad">${escaped(line)}</p>`),
    table(['Node', 'Processor', 'CPU', 'Memory', 'Disk', 'Pods', 'Who sits there'], rows),
    '<p><small>At rest, by requests, as the scheduler counts; npm run fit shows every other situation.</small></p>',
  ].join('\n');
}

function load(what: string, used: Machine['used']['cpu'], capacity: number, say: (value: number) => string): string {
  const part = used / capacity;
  return `<span class="load"><meter min="0" max="1" low="0.8" high="0.95" optimum="0" value="${part.toFixed(3)}" aria-label="${what}"></meter> ${say(used)} of ${say(capacity)}</span>`;
}

function order({ order: steps }: ClusterMap): string {
  const last = Math.max(0, ...steps.map(({ depth }) => depth));
  const columns = Array.from({ length: last + 1 }, (_, depth) => {
    const own = steps.filter((step) => step.depth === depth);
    const items = own.map(
      ({ name, after, objects }) =>
        `<li><b>${escaped(name)}</b> <small>${objects} object${objects === 1 ? '' : 's'}${after.length ? `, after ${escaped(after.join(', '))}` : ''}</small></li>`,
    );
    return `<li><ul>${items.join('')}</ul></li>`;
  });
  return `<p><small>Flux Kustomizations of one step come side by side, each as soon as what it waits for is ready.</small></p><ol class="steps">${columns.join('')}</ol>`;
}

function policies({ policies: all }: ClusterMap): string {
  const said = (lines: readonly string[] | undefined) =>
    lines === undefined ? 'everything' : lines.length ? lines.map(escaped).join('<br>') : 'nothing';
  const rows = all.map(
    ({ object, pods, in: into, out }) =>
      `<tr><th scope="row">${escaped(object.replace('NetworkPolicy ', ''))}</th>${cells(escaped(pods), said(into), said(out))}</tr>`,
  );
  return table(['Policy', 'For', 'Lets in', 'Lets out'], rows);
}
