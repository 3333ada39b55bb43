// A cluster as its owner brings it up: Secrets sealed with its own controller's certificate, rendered, pushed,
// reconciled by the real Flux; and what is left of it when a node is gone.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT, type Environment, SEALED, TAGS } from '../../imports/environment.ts';
import { render } from '../../synth/render.ts';
import { type Workspace, workspace } from '../workspace.ts';
import { type Bed, type BedOptions, startBed } from './bed.ts';
import { type KubernetesObject, waitFor } from './client.ts';
import { createRepository, type Repository } from './gitops.ts';
import type { NodeSpec } from './kwok.ts';

export interface Home {
  readonly bed: Bed;
  readonly repository: Repository;
  readonly space: Workspace;
  /** `clusters/<env>` */
  readonly folder: string;
  /** Seals every Secret that the environment reads, with values made up. */
  seal(): void;
  /** Changes a file of the workspace; an edit that changes nothing is a mistake of the test. */
  edit(path: string, change: (text: string) => string): void;
  /** As `npm run synth`, without a push. */
  synth(): void;
  /** Renders, commits and pushes. Answers the commit. */
  push(): Promise<string>;
  yamlFiles(): string[];
  /** Waits until these namespaces have so many Deployments and StatefulSets, and all have their pods. */
  everythingRuns(namespaces: readonly string[], programs: number): Promise<unknown>;
  /** Pods of our own that wait for a node. */
  pending(): Promise<string[]>;
  /** Binds each volume to the node that its pod is on, as local-path does and the bed's provisioner does not. */
  pinVolumes(): Promise<void>;
  /** No pod runs on it any more, and none may come. Answers the names of those that were there. */
  loseNode(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Each machine of a pool by itself. */
const nodesOf = ({ nodes }: Environment): NodeSpec[] =>
  nodes.flatMap((node) => {
    if (!('count' in node)) return [{ ...node }];
    const { count, name, ...rest } = node;
    return Array.from({ length: count }, (_, i) => ({ ...rest, name: `${name}-${i + 1}` }));
  }) as NodeSpec[];

export const isReady = ({ metadata, status }: KubernetesObject) =>
  !metadata.deletionTimestamp &&
  status?.conditions?.some((each: { type: string; status: string }) => each.type === 'Ready' && each.status === 'True');

/** Such pods come when a schedule says so, whatever a test does. */
export const isOfJob = ({ metadata }: KubernetesObject): boolean =>
  metadata.ownerReferences?.some(({ kind }: { kind: string }) => kind === 'Job') ?? false;

/** Its controller has looked at it as it is now, and every pod is of that version and Ready. */
export const hasItsPods = ({ metadata, spec, status }: KubernetesObject): boolean =>
  status?.observedGeneration === metadata.generation &&
  (status.updatedReplicas ?? 0) === spec.replicas &&
  (status.readyReplicas ?? 0) === spec.replicas;

export async function home(
  environment: Environment,
  { crds = [], ...options }: Pick<BedOptions, 'crds' | 'rabbitmq' | 'storageClasses'> = {},
): Promise<Home> {
  const { name } = environment;
  const folder = `clusters/${name}`;
  const bed = await startBed({
    nodes: nodesOf(environment),
    crds: ['flux', 'cert-manager', 'prometheus-operator', 'sealed-secrets', 'traefik', ...crds],
    storageClasses: ['local-path'],
    sealedSecrets: true,
    ...options,
  });
  const repository = await createRepository(bed);
  await bed.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } }]);
  const space = workspace('charts', 'clusters');
  writeFileSync(join(space.folder, 'certificate.pem'), await bed.sealingCertificate());

  const run = (input: string, ...args: string[]) => {
    const { status, stdout, stderr } = space.run({ input }, ...args);
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  };
  const own = async () => (await bed.list('pods')).filter(({ metadata }) => metadata.namespace !== 'kube-system');

  return {
    bed,
    repository,
    space,
    folder,
    seal() {
      const { declared } = render(environment, { [ENVIRONMENT]: environment, [TAGS]: new Map(), [SEALED]: new Map() });
      for (const { namespace, name: secret, keys } of declared.flatMap(({ sealed }) => sealed ?? [])) {
        const lines = keys.map(
          (key) => `${key}=${key.startsWith('.') ? '{"auths":{}}' : randomBytes(16).toString('hex')}`,
        );
        run(lines.join('\n'), 'seal', name, `${namespace}/${secret}`, '--cert', 'certificate.pem');
      }
      run('', 'seal', name);
    },
    edit(path, change) {
      const file = join(space.folder, path);
      const before = readFileSync(file, 'utf8');
      const after = change(before);
      if (after === before) throw new Error(`${path}: the edit changed nothing`);
      writeFileSync(file, after);
    },
    synth: () => run('', 'synth', name),
    push() {
      run('', 'synth', name);
      return repository.pushTree(join(space.folder, folder), folder);
    },
    yamlFiles: () =>
      readdirSync(join(space.folder, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.yaml'))
        .map((path) => join(space.folder, folder, path)),
    everythingRuns: (namespaces, programs) =>
      waitFor('every program runs', async () => {
        const all = [...(await bed.list('deployments')), ...(await bed.list('statefulsets'))].filter(({ metadata }) =>
          namespaces.includes(metadata.namespace),
        );
        return all.length === programs && all.every(hasItsPods);
      }),
    async pending() {
      const waiting = (await own()).filter(({ spec, status }) => !spec.nodeName && status.phase === 'Pending');
      return waiting.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
    },
    async pinVolumes() {
      const pods = await own();
      for (const volume of await bed.list('persistentvolumes')) {
        const { name: claim, namespace } = volume['spec'].claimRef ?? {};
        const pod = pods.find(
          ({ metadata, spec }) =>
            metadata.namespace === namespace &&
            spec.volumes?.some((each: KubernetesObject) => each['persistentVolumeClaim']?.claimName === claim),
        );
        if (!pod || volume['spec'].storageClassName !== 'local-path') continue;
        const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: [pod['spec'].nodeName] };
        const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } };
        const patch = `--patch=${JSON.stringify({ spec: { nodeAffinity } })}`;
        await bed.kubectl(['patch', 'persistentvolume', volume.metadata.name, '--type=merge', patch]);
      }
    },
    async loseNode(node) {
      const there = (await own()).filter(({ spec }) => spec.nodeName === node);
      await bed.kubectl(['cordon', node]);
      for (const { metadata } of there) {
        const which = ['pod', metadata.name, `--namespace=${metadata.namespace}`];
        await bed.kubectl(['delete', ...which, '--force', '--grace-period=0', '--wait=false']);
      }
      const uids = new Set(there.map(({ metadata }) => metadata.uid));
      await waitFor(`the pods of ${node} are gone`, async () =>
        (await own()).every((pod) => !uids.has(pod.metadata.uid)),
      );
      return there.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
    },
    async stop() {
      await bed.stop();
      space.remove();
    },
  };
}

/** What charts install, which do not run here: as many pods, asking for as much. */
export const chartPods = (name: string, replicas: number, requests: { cpu: string; memory: string }) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: { app: name } },
          },
        ],
        containers: [{ name, image: name, resources: { requests } }],
      },
    },
  },
});
