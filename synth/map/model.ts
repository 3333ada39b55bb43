import type { Environment } from '../../imports/environment.ts';
import type { Tie } from '../explain.ts';
import { explainer } from '../explain.ts';
import { fitOf } from '../fit/fit.ts';
import type { Resident } from '../fit/residents.ts';
import { compare } from '../layout.ts';
import type { Origin } from '../manifest.ts';
import { at, maps } from '../resolve/json.ts';
import type { Synthesis } from '../synthesize.ts';
import { edgesOf } from './edges.ts';
import { type PolicyRow, policyRows } from './policies.ts';
import { Vertices } from './vertices.ts';

/**
 * What a vertex is to the people who run the cluster. `platform`: whatever the charts of the platform run; `outside`:
 * addresses; `entry`: a host name that requests come in by.
 */
export type Role = 'entry' | 'service' | 'job' | 'store' | 'topic' | 'platform' | 'outside';

/** Something that calls, is called, or holds messages. */
export interface Vertex {
  /** `Deployment notifi/event-ingester`, `host app.example.org`, `pods monitoring/prometheus`, `0.0.0.0/0`. */
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly role: Role;
  /** Absent for what is not in the cluster. */
  readonly namespace?: string;
  /** The broker that holds a topic. */
  readonly on?: string;
  readonly source?: Origin;
  readonly construct?: string;
  /** Relative to the repository. */
  readonly file?: string;
  readonly kustomization?: string;
  readonly needs: readonly Tie[];
  readonly neededBy: readonly Tie[];
  readonly breaks: readonly string[];
  readonly pods: readonly Pods[];
}

/** Pods of one template and where they sit at rest. */
export interface Pods {
  readonly of: string;
  /** `2`, `2 to 6`, `one on every node`, `while it runs`. */
  readonly count: string;
  /** Cores and bytes that one asks for. */
  readonly cpu: number;
  readonly memory: number;
  /** How many by node. */
  readonly nodes: Readonly<Record<string, number>>;
}

/** `delivers`: a broker or a binding hands messages on. `platform`: one end of it is no matter of the systems. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly how: 'calls' | 'routes' | 'publishes' | 'reads' | 'delivers';
  /** Ports, paths, event types. */
  readonly over: readonly string[];
  readonly platform: boolean;
}

export interface NamespaceRow {
  readonly name: string;
  readonly platform: boolean;
  readonly source?: Origin;
  readonly file?: string;
}

export interface Machine {
  readonly name: string;
  readonly arch: string;
  readonly used: { readonly cpu: number; readonly memory: number; readonly disk: number; readonly pods: number };
  /** `disk` is absent where nobody said how big it is. */
  readonly capacity: { readonly cpu: number; readonly memory: number; readonly disk?: number; readonly pods: number };
  readonly residents: readonly { readonly name: string; readonly pods: number }[];
}

/** One Flux Kustomization. */
export interface Step {
  readonly name: string;
  readonly after: readonly string[];
  /** Steps that come before it at least. */
  readonly depth: number;
  readonly objects: number;
}

/** One environment as a picture shows it; every list is in an order that only its content decides. */
export interface ClusterMap {
  readonly environment: string;
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
  readonly namespaces: readonly NamespaceRow[];
  readonly policies: readonly PolicyRow[];
  readonly machines: readonly Machine[];
  /** Pods that find no node at rest, and why. */
  readonly homeless: readonly string[];
  readonly order: readonly Step[];
}

export function mapOf(
  environment: Pick<Environment, 'name' | 'nodes'>,
  synthesis: Pick<Synthesis, 'index' | 'plan'>,
): ClusterMap {
  const { index, plan } = synthesis;
  const { name, nodes } = environment;
  const fit = fitOf(index, nodes);
  const [rest] = fit.scenarios;
  const vertices = new Vertices(index);
  for (const { name: resident, manifest } of fit.residents) vertices.ofResident(resident, manifest);
  const edges = edgesOf(index, vertices);

  const explain = explainer(name, synthesis);
  const podsOf = new Map<string, Pods[]>();
  for (const resident of fit.residents) {
    const id = vertices.ofResident(resident.name, resident.manifest);
    const seats = rest!.seats.flatMap(({ node, residents }) => {
      const pods = residents.get(resident);
      return pods ? [[node, pods] as const] : [];
    });
    const { cpu, memory } = resident.requests;
    const pods = { of: resident.name, count: countOf(resident), cpu, memory, nodes: Object.fromEntries(seats) };
    podsOf.set(id, [...(podsOf.get(id) ?? []), pods]);
  }

  return {
    environment: name,
    vertices: vertices.all().map(({ manifest, ...vertex }): Vertex => {
      const said = manifest && explain(manifest);
      return {
        ...vertex,
        source: said?.source,
        construct: said?.construct,
        file: said?.file,
        kustomization: said?.kustomization?.name,
        needs: said?.needs ?? [],
        neededBy: said?.neededBy ?? [],
        breaks: said?.breaks ?? [],
        pods: podsOf.get(vertex.id) ?? [],
      };
    }),
    edges,
    namespaces: index
      .byKind('Namespace', '')
      .map((manifest) => ({
        name: manifest.object.metadata.name,
        platform: vertices.isPlatform(manifest),
        source: manifest.source,
        file: explain(manifest).file,
      }))
      .sort((a, b) => compare(a.name, b.name)),
    policies: policyRows(index),
    machines: rest!.seats.map(({ node, machine, used, capacity, residents }) => ({
      name: node,
      arch: machine.arch ?? '',
      used,
      capacity: { ...capacity, disk: Number.isFinite(capacity.disk) ? capacity.disk : undefined },
      residents: [...residents]
        .sort(([a], [b]) => b.requests.memory - a.requests.memory || compare(a.name, b.name))
        .map(([resident, pods]) => ({ name: resident.name, pods })),
    })),
    homeless: rest!.homeless.map(({ resident, pods, why }) => `${pods} of ${resident.name} without a node: ${why}`),
    order: stepsOf(plan),
  };
}

function countOf({ pods, passing }: Resident): string {
  if (passing) return 'while it runs';
  if (pods === 'every-node') return 'one on every node';
  return pods.most > pods.least ? `${pods.least} to ${pods.most}` : `${pods.least}`;
}

/** The Flux Kustomizations in the order that they come, each a step after the last of what it waits for. */
function stepsOf({ kustomizations, files }: Synthesis['plan']): Step[] {
  const objects = new Map<string, number>();
  for (const [path, { manifests = [] }] of files) {
    const folder = path.split('/')[0]!;
    objects.set(folder, (objects.get(folder) ?? 0) + manifests.length);
  }
  const depths = new Map<string, number>();
  return kustomizations.map(({ metadata: { name }, spec }) => {
    const after = maps(at(spec, 'dependsOn')).map((needed) => String(needed.name));
    const depth = Math.max(0, ...after.map((needed) => (depths.get(needed) ?? 0) + 1));
    depths.set(name, depth);
    return { name, after, depth, objects: objects.get(name) ?? 0 };
  });
}
