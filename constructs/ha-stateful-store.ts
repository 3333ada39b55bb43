import { Construct, type IConstruct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { KubePodDisruptionBudget, KubeStatefulSet } from '../imports/k8s.ts';
import { declare, type PodSet, refuse, warn } from '../imports/relations.ts';
import { type AlertRule, AlertRules } from './alert-rules.ts';
import { Backup, type BackupProps } from './backup.ts';
import type { Dependency, Endpoint } from './dependency.ts';
import { existingOf } from './existing.ts';
import { namespaceOf, selectorOf } from './labels.ts';
import { Pod, type PodProps } from './pod.ts';
import { amountOf, resourcesOf, type Size } from './sizes.ts';
import { storeAlerts } from './stores/alerts.ts';
import type { Design, Engine } from './stores/engine.ts';
import { placementOf } from './stores/placement.ts';
import { quorumProblems, storageProblems } from './stores/problems.ts';
import { clientService, StoreServices } from './stores/services.ts';

export interface HaStatefulStoreProps<Clients extends object> {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** Which program, and what only it needs to know: `postgres({ version: '16', databases: ['notifi'], images })`. */
  readonly engine: Engine<Clients>;
  /** 1 for a small environment, 3 to go on while any one is lost. */
  readonly members: number;
  /** Of each member's volume: `50Gi`. */
  readonly storage: string;
  /** @default - the environment's default class */
  readonly storageClass?: string;
  /** Of each member's server; its memory settings follow from the limit. */
  readonly size: Size;
  /** How it is backed up, or why not: `{ none: 'a cache, filled again from PostgreSQL' }`. */
  readonly backup: Omit<BackupProps, 'dump'> | { readonly none: string };
  /** Namespaces its clients are in, for their Secrets. @default - the chart's */
  readonly clients?: readonly string[];
  /** @default - any node without a taint that the engine runs on */
  readonly placement?: PodProps['placement'];
}

/**
 * A store that elects, fails over, rejoins and restarts after a power cut: StatefulSet (all members start at once, each
 * on a node of its own), headless Service that names members before they are ready, Services for clients,
 * PodDisruptionBudget, ConfigMaps, NetworkPolicy, ServiceMonitor, PrometheusRule, backup CronJob, and what the engine
 * adds. The construct's id is its name. Its volumes outlive it. Part of Flux's layer `stores`.
 *
 * Refuses a member count without a majority, storage that is none, a storage class that is unknown or that members would
 * share, nodes that the engine cannot run on, and a backup of what cannot be dumped. Warns where members share a node.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
class Store extends Construct implements Dependency {
  readonly name: string;
  readonly namespace: string;
  readonly members: number;
  readonly pods: PodSet;
  /** Its headless Service, which is in the name of each member. */
  readonly headless: string;
  /** DNS name of each member, also while it is not ready, from anywhere in the cluster. */
  readonly hosts: readonly string[];
  /** Bytes that a member's server may take before it is killed, and that its volume holds. */
  readonly memory: number;
  readonly disk: number;
  readonly storageClass: string;
  /** Namespaces in which clients read their Secrets; the store's own is always one. */
  readonly readers: readonly string[];
  /** Selects every series of its members in Prometheus: `namespace="data",job="postgresql"`. */
  readonly series: string;
  /** The ports that its Services have. */
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct = this;
  readonly #design: Design<object>;
  readonly #pod: Pod;

  constructor(scope: Construct, constructId: string, props: HaStatefulStoreProps<object>) {
    super(scope, constructId);
    const existing = existingOf(this, props.identity, ['name', 'serviceName', 'claim', 'selector']);
    const { name: id, serviceName = `${existing.name}-headless`, selector: own = selectorOf(existing.name) } = existing;
    const { engine, members, storage, size, backup, clients = [], placement } = props;
    const { storageClass = defaultClassOf(this) } = props;
    const namespace = namespaceOf(this);
    this.name = id;
    this.headless = serviceName;
    this.namespace = namespace;
    this.members = members;
    this.pods = { namespace, labels: own };
    this.hosts = [...Array(Math.max(0, Math.floor(members))).keys()].map(
      (n) => `${id}-${n}.${serviceName}.${namespace}.svc`,
    );
    this.memory = amountOf(`${resourcesOf(size).limits!['memory']}`);
    this.disk = amountOf(storage);
    this.storageClass = storageClass;
    this.readers = [...new Set([namespace, ...clients])];
    this.series = `namespace="${namespace}",job="${id}"`;
    declare(this, { layer: 'stores' });

    const design = engine(this);
    const { image, run, env, files, uses, api, probes, init, sidecars = [], labels, update = 'RollingUpdate' } = design;
    const { path } = design.data;
    const { claim = design.data.name ?? 'data' } = existing;
    const { affinity, problems, warnings } = placementOf(this, design.nodes, placement);
    const pod = new Pod(this, 'pod', { name: id, selector: own, image, size, run, env, files, uses, api, placement });
    const metadata = { name: id, namespace, labels: pod.labels };
    const selector = { matchLabels: { ...this.pods.labels } };
    const data = { name: claim, mountPath: path };
    this.#design = design;
    this.#pod = pod;

    new StoreServices(this, 'services', {
      ...design,
      name: id,
      headless: serviceName,
      namespace,
      selector: this.pods.labels,
      ports: this.ports,
    });
    new KubeStatefulSet(this, 'stateful-set', {
      metadata,
      spec: {
        replicas: members,
        serviceName,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: update },
        // Time to be elected, or to be caught up with, before the next member is restarted.
        minReadySeconds: members > 1 ? 10 : undefined,
        revisionHistoryLimit: 3,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        selector,
        template: pod.template({
          labels,
          container: {
            ports: Object.entries(design.ports).map(([name, containerPort]) => ({ name, containerPort })),
            volumeMounts: [data],
            ...probes,
          },
          sidecars: sidecars.map(({ container, data: mounted, ...sidecar }) =>
            pod.sidecar({ ...sidecar, container: { ...container, volumeMounts: mounted ? [data] : [] } }),
          ),
          pod: {
            affinity,
            initContainers: init?.map(({ name, ...process }) => {
              const { volumeMounts = [], ...container } = pod.container(name, process);
              return { ...container, volumeMounts: [data, ...volumeMounts] };
            }),
            securityContext: { fsGroup: run.group ?? run.user ?? 1000, fsGroupChangePolicy: 'OnRootMismatch' },
          },
        }),
        volumeClaimTemplates: [
          {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: claim, labels: pod.labels },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: storageClass,
              resources: { requests: { storage } },
            },
          },
        ],
      },
    });
    if (members > 1) {
      new KubePodDisruptionBudget(this, 'pod-disruption-budget', {
        metadata,
        // A member that is catching up is not to be evicted while another one is away.
        spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: 'IfHealthyBudget' },
      });
    }
    pod.policy.allowFrom({ builtin: 'prometheus' }, this.port(design.metrics.port));
    for (const name of design.peers) {
      const { to, port, admit } = this.endpoint(name);
      pod.policy.allowTo({ to, port, admit });
    }
    const served = new Set(design.services.flatMap(({ ports }) => ports));
    this.endpoints = [...served].map((name) => this.endpoint(name));

    Object.assign(this, design.clients());
    const kept = 'none' in backup ? [] : [this.keep(backup, design)];
    new AlertRules(this, 'alerts', {
      name: id,
      rules: [...storeAlerts(this, claim), ...design.alerts, ...kept.flat()],
    });
    refuse(this, [
      ...quorumProblems(members, design.quorum),
      ...storageProblems(this, storage, storageClass),
      ...problems,
    ]);
    warn(this, warnings);
  }

  /** DNS name of a Service of it, from anywhere in the cluster. */
  host(suffix?: string): string {
    return `${clientService(this, suffix)}.${this.namespace}.svc`;
  }

  /** A port of its members, for `uses` and `calls`. */
  endpoint(name: string): Endpoint {
    const port = this.port(name);
    return { to: this.pods, port, admit: (from) => this.#pod.policy.allowFrom(from, port) };
  }

  private port(name: string): number {
    const port = this.ports[name];
    if (port === undefined)
      throw new Error(`${this.name}: port ${name} is none of ${Object.keys(this.ports).join(', ')}`);
    return port;
  }

  /** Of every container of a member. */
  private get ports(): Readonly<Record<string, number>> {
    const { ports, sidecars = [] } = this.#design;
    const theirs = sidecars.flatMap(({ container }) => container?.ports ?? []);
    return { ...ports, ...Object.fromEntries(theirs.map(({ name, containerPort }) => [name, containerPort])) };
  }

  private keep(props: Omit<BackupProps, 'dump'>, { dump }: Design<object>): AlertRule[] {
    if (!dump) {
      refuse(this, ['backup: this engine has no dump, its data is kept by replication alone; say { none: why }']);
      return [];
    }
    const { overdue } = new Backup(this, 'backup', { ...props, name: `${this.name}-backup`, dump: dump() });
    return [overdue];
  }
}

/** A store, and what its engine gives to clients: `database()` of a store of PostgreSQL, and of no other. */
export type HaStatefulStore<Clients extends object = object> = Store & Clients;

export const HaStatefulStore = Store as new <Clients extends object>(
  scope: Construct,
  id: string,
  props: HaStatefulStoreProps<Clients>,
) => HaStatefulStore<Clients>;

export function defaultClassOf(scope: Construct): string {
  const classes = Object.entries(environmentOf(scope).storageClasses);
  const [name = ''] = classes.find(([, { default: isDefault }]) => isDefault) ?? [];
  return name;
}
