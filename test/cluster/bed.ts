// A cluster of processes on this machine: the real control plane, KWOK nodes, Flux's real source- and
// kustomize-controller. Nothing leaves loopback, nothing outlives `stop()`, and beds run side by side.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCertManager } from './cert-manager.ts';
import { type Client, createClient, hasCondition, type KubernetesObject, waitFor } from './client.ts';
import { startApiServer, startControllers } from './control-plane.ts';
import type { CrdSet } from './crds.ts';
import { startFlux } from './flux.ts';
import { type GitServer, serveGit } from './git-server.ts';
import { type KnativeConfig, startKnative } from './knative.ts';
import { type NodeSpec, nodeObject, startKwok } from './kwok.ts';
import { awaitDescribed, type OpenApiDocuments, openapi } from './openapi.ts';
import { Processes } from './processes.ts';
import { startRabbitmq } from './rabbitmq.ts';
import { startRabbitmqTopology } from './rabbitmq-topology.ts';
import { startRegistry } from './registry.ts';
import { startSealedSecrets } from './sealed-secrets.ts';
import { claimSlot } from './slot.ts';
import { standIns as knownStandIns, type StandIn } from './stand-ins.ts';
import { built } from './targets.ts';

export interface BedOptions {
  readonly nodes: NodeSpec[];
  /** Sets of custom resource definitions. @default those that most environments have: defaultCrds */
  readonly crds?: CrdSet[];
  /** StorageClasses, the first one the default; their claims are bound to empty directories. @default ['standard'] */
  readonly storageClasses?: string[];
  /** @default 'cluster.local' */
  readonly clusterDomain?: string;
  /** Runs the sealed-secrets controller in place of its stand-in. Linux only. @default false */
  readonly sealedSecrets?: boolean;
  /**
   * Runs RabbitMQ's cluster operator in place of its stand-in, and with a table of names the topology operator too; wants the set
   * `rabbitmq`. @default false
   */
  readonly rabbitmq?: boolean | { readonly hosts: string };
  /** Runs cert-manager in place of its stand-ins; wants the set `cert-manager`. @default false */
  readonly certManager?: boolean;
  /** Runs Knative Serving's webhook and controller in place of its Services' stand-in, so configured; wants the set `knative`. @default - stood in for */
  readonly knative?: KnativeConfig;
  /** How soon kustomize-controller looks again at a dependency that is not Ready. @default '1s' (Flux's own: 30s) */
  readonly requeueDependency?: string;
  /** Whether a push cancels the health checks of the one before. @default true, as README's bootstrap patch (Flux's own: false) */
  readonly cancelHealthChecks?: boolean;
  /** Called with one line per step. @default printed */
  readonly log?: (line: string) => unknown;
}

export interface Bed extends Client {
  /** Scratch folder that stop() removes. */
  readonly dir: string;
  /** Kinds whose status KWOK writes, since their controller does not run. */
  readonly standIns: string[];
  /** Serves a bare repository over HTTP until the bed stops. */
  serveGit(bareRepository: string): Promise<GitServer>;
  /** A registry of its own until the bed stops: `127.0.0.1:20003`. */
  serveRegistry(): Promise<string>;
  /** The certificate that kubeseal would fetch; refused without the option `sealedSecrets`. */
  sealingCertificate(): Promise<string>;
  /** Log of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, source-controller ... */
  logs(component: string): string;
  openapi(): Promise<OpenApiDocuments>;
  stop(): Promise<void>;
}

const defaultCrds: CrdSet[] = [
  'flux',
  'cert-manager',
  'external-secrets',
  'gateway-api',
  'prometheus-operator',
  'sealed-secrets',
  'traefik',
];

/** Removes the folders of beds whose process was killed before it could stop them. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = /^fleet-synth-bed-(\d+)-/.exec(name)?.[1];
    if (!pid) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      await rm(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

/** The in-tree provisioner makes its directories in a fixed place of the machine, outside the bed's own folder. */
async function removeVolumes(client: Client): Promise<void> {
  for (const volume of await client.list('persistentvolumes').catch(() => [])) {
    const path: string | undefined = volume['spec'].hostPath?.path;
    if (path?.startsWith('/tmp/hostpath_pv/')) await rm(path, { recursive: true, force: true });
  }
}

/** Applies the definitions, one kubectl per set since the server takes them side by side; answers what it then serves. */
async function applyDefinitions(client: Client, sets: CrdSet[]): Promise<Set<string>> {
  const apply = (set: CrdSet) =>
    client.kubectl(['apply', '--server-side', `--filename=${join(built('crds'), `${set}.yaml`)}`]);
  await Promise.all(sets.map(apply));
  return waitFor('custom resource definitions Established', async () => {
    const definitions = await client.list('customresourcedefinitions');
    if (!definitions.every((definition) => hasCondition(definition, 'Established'))) return undefined;
    return new Set(
      definitions.flatMap(({ spec }) =>
        spec.versions.map(({ name }: { name: string }) => `${spec.group}/${name} ${spec.names.kind}`),
      ),
    );
  });
}

/** The stand-ins whose kind this cluster has, less those that a running controller serves. */
function neededStandIns(served: Set<string>, options: BedOptions): StandIn[] {
  return knownStandIns
    .filter(({ apiVersion, kind }) => served.has(`${apiVersion} ${kind}`))
    .filter(({ kind }) => !(options.sealedSecrets && kind === 'SealedSecret'))
    .filter(({ kind }) => !(options.rabbitmq && kind === 'RabbitmqCluster'))
    .filter(({ apiVersion }) => !(typeof options.rabbitmq === 'object' && apiVersion === 'rabbitmq.com/v1beta1'))
    .filter(({ apiVersion }) => !(options.certManager && apiVersion.startsWith('cert-manager.io/')))
    .filter(({ apiVersion }) => !(options.knative && apiVersion.startsWith('serving.knative.dev/')));
}

/** Created, not applied: only a create takes the status, as a kubelet that registers its node does. */
async function createNodes(client: Client, nodes: NodeSpec[]): Promise<void> {
  const objects = nodes.map((node) => JSON.stringify(nodeObject(node)));
  if (objects.length > 0) await client.kubectl(['create', '--filename=-'], objects.join('\n---\n'));
}

/** As every node is from when it registers until its controller has seen it Ready: the scheduler leaves it alone. */
const isHeldBack = ({ spec }: KubernetesObject): boolean =>
  (spec.taints ?? []).some(({ key }: { key: string }) => key === 'node.kubernetes.io/not-ready');

const storageClass = (name: string, index: number): object => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': String(index === 0) } },
  provisioner: 'kubernetes.io/host-path',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
});

export async function startBed(options: BedOptions): Promise<Bed> {
  const { nodes, crds = defaultCrds, storageClasses = ['standard'] } = options;
  const {
    clusterDomain = 'cluster.local',
    requeueDependency = '1s',
    cancelHealthChecks = true,
    log = (line) => process.stdout.write(`${line}\n`),
  } = options;
  const begin = performance.now();
  const step = (text: string) => log(`bed ${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${text}`);

  await removeAbandoned();
  const slot = await claimSlot();
  const dir = await mkdtemp(join(tmpdir(), `fleet-synth-bed-${process.pid}-`));
  const processes = new Processes(dir);
  const gitServers: GitServer[] = [];
  let client: Client | undefined;
  const stop = async () => {
    if (client) await removeVolumes(client);
    await Promise.all(gitServers.map((server) => server.close()));
    await processes.stop();
    await slot.release();
    await rm(dir, { recursive: true, force: true });
  };

  try {
    const plane = await startApiServer(dir, slot, processes, clusterDomain);
    const kube = createClient(plane.kubeconfig);
    await waitFor('kube-apiserver', async () => {
      for (const name of ['etcd', 'kube-apiserver']) processes.assertRunning(name);
      return kube.kubectl(['get', '--raw', '/readyz']).catch(() => undefined);
    });
    client = kube;
    step('API server answers');

    startControllers(dir, plane, processes);
    const [served] = await Promise.all([
      applyDefinitions(kube, crds),
      createNodes(kube, nodes),
      kube.apply(storageClasses.map(storageClass)),
    ]);
    const stoodIn = neededStandIns(served, options);
    step(`${nodes.length} nodes, definitions of ${crds.join(', ')}`);

    await awaitDescribed(kube, stoodIn);
    await startKwok(dir, plane, slot, processes, stoodIn);
    let certificate: string | undefined;
    const sealing = async () => {
      if (options.sealedSecrets) certificate = await startSealedSecrets(dir, kube, slot, processes);
    };
    const rabbitmq = async () => {
      if (options.rabbitmq) await startRabbitmq(plane, slot, processes);
      if (typeof options.rabbitmq === 'object') startRabbitmqTopology(plane, processes, options.rabbitmq.hosts);
    };
    const certManager = async () => {
      if (options.certManager) await startCertManager(plane, kube, slot, processes);
    };
    const knative = async () => {
      if (options.knative) await startKnative(plane, kube, slot, processes, options.knative);
    };
    const flux = async () => {
      if (crds.includes('flux'))
        await startFlux(dir, plane, slot, processes, { requeueDependency, cancelHealthChecks });
    };
    const nodesReady = () =>
      waitFor('nodes Ready', async () => {
        for (const name of ['kwok', 'kube-controller-manager', 'kube-scheduler']) processes.assertRunning(name);
        return (await kube.list('nodes')).every((node) => hasCondition(node, 'Ready') && !isHeldBack(node));
      });
    await Promise.all([sealing(), rabbitmq(), certManager(), knative(), flux(), nodesReady()]);
    step(`controllers answer, nodes Ready; stand-ins: ${stoodIn.map(({ kind }) => kind).join(', ')}`);

    return {
      ...kube,
      dir,
      standIns: stoodIn.map(({ kind }) => kind),
      async serveGit(bareRepository) {
        const server = await serveGit(bareRepository, slot.port());
        gitServers.push(server);
        return server;
      },
      serveRegistry: () => startRegistry(slot, processes),
      async sealingCertificate() {
        if (!certificate) throw new Error('sealingCertificate: no controller to ask, start the bed with sealedSecrets');
        return (await fetch(certificate)).text();
      },
      logs: (component) => processes.log(component),
      openapi: () => openapi(kube),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
