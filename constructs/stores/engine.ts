import type { Container, NodeSelectorRequirement, PolicyRule } from '../../imports/k8s.ts';
import type { AlertRule } from '../alert-rules.ts';
import type { Dump } from '../backup.ts';
import type { Dependency, Env, Files, SecretKey } from '../dependency.ts';
import type { HaStatefulStore } from '../ha-stateful-store.ts';
import type { Image } from '../images.ts';
import type { Process, Sidecar } from '../pod.ts';

/**
 * How one program is run as a store. `postgres({ ... })` makes an Engine; the store calls it once, with its name, hosts
 * and sizes known and nothing rendered. Credentials are made there, below the store: `new Credential(store, 'admin', ...)`;
 * what the engine cannot run with is refused there: `refuse(store, problems)`. It gives what only it knows; everything
 * that stores have in common is rendered by HaStatefulStore.
 */
export type Engine<Clients extends object> = (store: HaStatefulStore) => Design<Clients>;

export interface Design<Clients extends object> {
  // What runs in each member's pod.

  readonly image: Image;
  /** `group` also owns the volume. */
  readonly run: Process;
  /** Plain ones stand in ConfigMap `<store>`. Of the pod itself: `{ field: 'metadata.name' }`. @default - none */
  readonly env?: Env;
  /** Configuration and scripts, in ConfigMap `<store>-files`, read-only; a change restarts the members one by one. @default - none */
  readonly files?: Files;
  /** Of the server, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Of the server. Readiness must not ask for the quorum: without it no member would ever be found by the others. */
  readonly probes: Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe' | 'lifecycle'>;
  /** Where the member's volume is mounted; `name` is the claim's: a layout that is not another's needs its own. */
  readonly data: { readonly name?: string; readonly path: string };
  /** Run before the server, in order, with its configuration, folders, volume and size. @default - none */
  readonly init?: readonly (Pick<Process, 'command' | 'args'> & { readonly name: string; readonly image: Image })[];
  /** Beside the server: an exporter, a sentinel. Each has its own configuration and size, and the volume where `data` says so. @default - none */
  readonly sidecars?: readonly (Sidecar & { readonly data?: boolean })[];
  /** More labels of the pods, for programs that look for them. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the server may do at the API server, verb by verb as it really does; see `api` of Pod. @default - nothing, no token */
  readonly api?: readonly PolicyRule[];
  /** What the server needs outside of itself: a key service that unseals it. @default - nothing */
  readonly uses?: readonly Dependency[];
  /** Nodes it runs on, by labels; all have to hold. Refused where no node matches. @default - any */
  readonly nodes?: readonly NodeSelectorRequirement[];
  /** @default RollingUpdate, the highest member first */
  readonly update?: 'RollingUpdate' | 'OnDelete';

  // How others reach it.

  /** Ports, of the server or a sidecar, at which the members reach each other. */
  readonly peers: readonly string[];
  /** The first is the store's own, of its name; the others are `<store>-<suffix>`. The headless one comes by itself. */
  readonly services: readonly [ClientService, ...ClientService[]];
  /** Scraped by Prometheus every 30 s, under the store's name as job, per member; `authorization` is sent as bearer token. */
  readonly metrics: { readonly port: string; readonly path?: string; readonly authorization?: SecretKey };

  // How it is watched and kept. Down, disk nearly full and backup overdue come by themselves.

  /** No leader, lag, and what else only this program knows. */
  readonly alerts: readonly AlertRule[];
  /** Member counts at which it elects and acknowledges safely. @default - 1 and every odd number */
  readonly quorum?: { readonly of: readonly number[]; readonly why: string };
  /**
   * What its clients are given, once the members are rendered: Jobs, poolers and further objects are constructed here.
   * The result becomes part of the store: `{ database(name) { ... } }` makes `store.database('x')`. The store itself is
   * something to `use`, with the ports of its Services; `{ env }` or `{ files }` adds what every client gets.
   */
  clients(): Clients;
  /** Called after `clients`: the dump may use what they are given. Absent where data cannot be dumped; a backup is refused then. */
  dump?(): Dump;
}

export interface ClientService {
  readonly suffix?: string;
  /** Of `ports`, by name; open to whoever `uses` or `calls` the store. */
  readonly ports: readonly string[];
  /** Labels that a program puts on the pods, as on a leader's. @default - every ready member */
  readonly selector?: Readonly<Record<string, string>>;
}
