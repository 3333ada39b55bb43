import { gibibytes } from '../../imports/quantity.ts';
import { documentOf, escaped } from '../html.ts';
import type { Fit, Scenario } from './fit.ts';
import type { Seat } from './place.ts';
import type { Resident } from './residents.ts';

/** One page that needs nothing else: a picture of every node in every situation. */
export const pageOf = (environment: string, { scenarios }: Fit): string => {
  const title = `${environment}: who sits where`;
  return documentOf({
    title,
    style: STYLE,
    body: `<h1>${escaped(title)}</h1>
<p>By requests, as the scheduler counts. A disk counts as full at 85 percent, where the kubelet starts to throw images away.</p>
${scenarios.map((scenario, index) => section(scenario, index === 0)).join('\n')}`,
  });
};

const STYLE = `
body { font-size: 14px }
.bad > summary { color: var(--red) }
.nodes { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem }
.node { border: 1px solid var(--line); border-radius: .4rem; padding: .7rem; break-inside: avoid }
.node h3 { margin: 0 0 .4rem; font-size: 1rem }
meter { width: 9rem }
ul { margin: .4rem 0 0; padding: 0; list-style: none }
li { display: flex; justify-content: space-between; gap: 1rem; border-top: 1px solid var(--line) }
small { color: var(--quiet); white-space: nowrap }
`;

const section = (
  { name, seats, homeless, away, notes }: Scenario,
  open: boolean,
) => `<details${homeless.length ? ' class="bad"' : ''}${open || homeless.length ? ' open' : ''}>
<summary>${escaped(name)}: ${homeless.length ? 'does not fit' : 'fits'}</summary>
${[
  ...homeless.map(({ resident, pods, why }) => `${pods} of ${resident.name} without a node: ${why}`),
  ...away.map(
    ({ resident, lost, left }) => `${lost} of ${lost + left} members of ${resident.name} wait for their disk`,
  ),
  ...notes,
]
  .map((line) => `<p>${escaped(line)}</p>`)
  .join('\n')}
<div class="nodes">
${seats.map(node).join('\n')}
</div>
</details>`;

const node = ({ node: name, used, capacity, residents }: Seat) => `<section class="node">
<h3>${escaped(name)}</h3>
${meter('CPU', used.cpu, capacity.cpu, (cores) => cores.toFixed(1))}
${meter('memory', used.memory, capacity.memory, gibibytes)}
${Number.isFinite(capacity.disk) ? meter('disk', used.disk, capacity.disk, gibibytes) : ''}
<ul>
${[...residents]
  .sort(([a], [b]) => b.requests.memory - a.requests.memory)
  .map(resident)
  .join('\n')}
</ul>
</section>`;

const resident = ([{ name, requests, disk }, pods]: [Resident, number]) =>
  `<li>${escaped(name)}${pods > 1 ? ` × ${pods}` : ''} <small>${requests.cpu.toFixed(2)} CPU, ${gibibytes(requests.memory)}${disk ? `, ${gibibytes(disk)} disk` : ''}</small></li>`;

const meter = (label: string, used: number, capacity: number, say: (value: number) => string) =>
  `<div><label>${label} <meter max="1" high="0.8" optimum="0.3" value="${(used / capacity).toFixed(3)}"></meter></label> <small>${say(used)} of ${say(capacity)}</small></div>`;
