import { escaped, PALETTE } from '../html.ts';
import { type Box, type Group, layOut, type Picture } from './layout.ts';
import type { ClusterMap, Vertex } from './model.ts';

/** Of the picture alone; shapes differ by role as well, for who does not tell the colours. */
export const SVG_STYLE = `
svg.map { font: 11.5px/1.3 system-ui, sans-serif; background: var(--page) }
.map text { fill: var(--text) }
.map .group > rect { fill: var(--code); fill-opacity: .55; stroke: var(--line) }
.map .group > text { font-weight: 600; fill: var(--quiet) }
.map .vertex .body { fill: var(--page); stroke: var(--role); stroke-width: 1.2 }
.map .vertex .sub { fill: var(--quiet); font-size: 9.5px }
.map .vertex .lid { fill: none; stroke: var(--role) }
.map .job .body { stroke-dasharray: 5 3 }
.map .outside .body { stroke-dasharray: 2 3 }
.entry { --role: var(--blue) }
.service { --role: var(--blue) }
.job { --role: var(--quiet) }
.store { --role: var(--green) }
.topic { --role: var(--violet) }
.outside { --role: var(--amber) }
.platform { --role: var(--line) }
.map .line { fill: none; stroke: var(--role); stroke-opacity: .38; stroke-width: 1.1 }
.map .held { fill: none; stroke: var(--violet); stroke-opacity: .45; stroke-dasharray: 1 4; stroke-linecap: round }
.map marker path { fill: var(--quiet); fill: context-stroke; fill-opacity: .7 }
`;

/** A file of its own, in the colours of whoever looks at it. */
export function svgOf(map: ClusterMap): string {
  const picture = layOut(map);
  return `<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 ${picture.width} ${picture.height}" width="${picture.width}" height="${picture.height}" role="img" aria-label="${escaped(map.environment)}: who calls whom">
<style>${PALETTE}${SVG_STYLE}</style>
${contentOf(picture)}
</svg>
`;
}

/** How vertices and groups become things to open: attributes that the page's script knows them by. */
export interface Handles {
  readonly vertex: (vertex: Vertex) => string;
  readonly group: (group: Group) => string;
  readonly line: (line: Picture['lines'][number]) => string;
}

/** Lines below, then each group with what is in it. Connections of the platform only where there are handles to show them by. */
export function contentOf({ groups, lines, held }: Picture, handles?: Handles): string {
  return [
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse"><path d="M0 1 7 4 0 7z"/></marker></defs>',
    ...groups.map(({ x, y, width, height }) => {
      return `<g class="group"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/></g>`;
    }),
    ...held.map(({ from, to }) => `<path class="held" d="${curve(from, to)}"/>`),
    ...lines
      .filter(({ edges }) => handles || edges.some(({ platform }) => !platform))
      .map((line) => {
        const { from, to, edges } = line;
        const quiet = edges.every(({ platform }) => platform) ? ' quiet' : '';
        return `<path class="line ${to.vertex.role}${quiet}"${handles?.line(line) ?? ''} marker-end="url(#head)" d="${curve(from, to)}"/>`;
      }),
    ...groups.flatMap((group) => [
      `<g class="group title"${handles?.group(group) ?? ''}><text x="${group.x + 14}" y="${group.y + 21}">${escaped(group.title)}</text></g>`,
      ...group.boxes.map((box) => boxOf(box, handles)),
    ]),
  ].join('\n');
}

function boxOf({ vertex, x, y, width, height }: Box, handles?: Handles): string {
  const { role } = vertex;
  const round = role === 'entry' || role === 'topic' ? height / 2 : 6;
  const inset = round > 6 ? 16 : 10;
  const lid = role === 'store' ? `<path class="lid" d="M${x} ${y + 6}h${width}"/>` : '';
  const most = round > 6 ? 23 : 25;
  const [name, below] = wordsOf(vertex, most);
  // Of the platform there is much, and one line says it.
  const sub =
    role === 'platform'
      ? ''
      : `<text class="sub" x="${x + inset}" y="${y + 31}">${escaped(cut(below, most + 7))}</text>`;
  return `<g class="vertex ${role}"${handles?.vertex(vertex) ?? ''}><rect class="body" x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}"/>${lid}<text x="${x + inset}" y="${y + (role === 'store' ? 19 : 17)}">${escaped(cut(name, most))}</text>${sub}<title>${escaped(vertex.id)}</title></g>`;
}

/** `api` and below it `Deployment, 2 to 4 pods`; of a host that is too long, its first part and below it the whole. */
function wordsOf({ name, kind, role, pods: [own] }: Vertex, most: number): readonly [string, string] {
  if (role === 'entry' && name.length > most) return [name.split('.')[0]!, name];
  if (!own) return [name, kind];
  const count = /^\d/.test(own.count) ? `${own.count} pod${own.count === '1' ? '' : 's'}` : own.count;
  return [name, kind === 'pods' ? count : `${kind}, ${count}`];
}

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** To the right by the shortest way; else around, so that the arrow comes from where one can see it. */
function curve(from: Box, to: Box): string {
  const [startY, endY] = [from.y + from.height / 2, to.y + to.height / 2];
  const right = from.x + from.width;
  if (to.x >= right) {
    const bend = Math.max(24, (to.x - right) * 0.45);
    return `M${right} ${startY}C${right + bend} ${startY} ${to.x - bend} ${endY} ${to.x} ${endY}`;
  }
  const end = to.x + to.width;
  if (to.x === from.x) return `M${right} ${startY}C${right + 34} ${startY} ${end + 34} ${endY} ${end} ${endY}`;
  const bend = Math.max(24, (from.x - end) * 0.45);
  return `M${from.x} ${startY}C${from.x - bend} ${startY} ${end + bend} ${endY} ${end} ${endY}`;
}
