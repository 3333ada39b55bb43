import { Construct, type IConstruct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import {
  type Container,
  KubeRole,
  KubeRoleBinding,
  KubeServiceAccount,
  type PodSpec,
  type PodTemplateSpec,
  type PolicyRule,
  type Toleration,
  type Volume,
  type VolumeMount,
} from '../imports/k8s.ts';
import { declare, type PodSet, refuse } from '../imports/relations.ts';
import { Config } from './config.ts';
import type { Callee, Dependency, Env, Files } from './dependency.ts';
import { type Image, imageProblems, referenceOf } from './images.ts';
import { labelsOf, nameProblems, namespaceOf, selectorOf } from './labels.ts';
import { NetworkPolicy } from './network-policy.ts';
import type { Priority } from './priority.ts';
import { resourcesOf, type Size, sizeProblems } from './sizes.ts';

export interface PodProps {
  readonly image: Image;
  readonly size: Size;
  /** The process in the image. @default - as the image says, as user 1000, writing to /tmp only */
  readonly run?: Process;
  /** Variables: plain ones stand in a ConfigMap, those with a source or with `$(OTHER)` in the container. @default - none */
  readonly env?: Env;
  /** @default - none */
  readonly files?: Files;
  /** What it needs to work. @default - nothing */
  readonly uses?: readonly Dependency[];
  /** What it connects to besides, and can start without. @default - nothing */
  readonly calls?: readonly Callee[];
  /**
   * What it may do at the API server, in its namespace; `[]` for a token and the way there, with rights of another kind.
   * @default - nothing, and no token is mounted
   */
  readonly api?: readonly PolicyRule[];
  /** @default - any node without a taint */
  readonly placement?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
    /** Who gives way where there is no room for all. @default - the cluster's default */
    readonly priority?: Priority;
  };
}

export interface Process {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** Numeric and not 0: the kubelet cannot tell whether a name is root. @default 1000 */
  readonly user?: number;
  /** Of the process and of its volumes. @default - the user's number */
  readonly group?: number;
  /** Folders it writes to besides /tmp; empty at every start. @default - none */
  readonly writable?: readonly string[];
  /** Such folders in memory, which count against its limit. @default - none */
  readonly inMemory?: readonly string[];
  /** Whether it changes its own image's files, which few have to. @default false */
  readonly writableRoot?: boolean;
  /** Seconds it may take to stop. @default 30 */
  readonly stopSeconds?: number;
}

/** A program beside the pod's own, with a configuration and a size of its own. */
export interface Sidecar extends Pick<PodProps, 'image' | 'size' | 'env' | 'files' | 'uses'> {
  readonly name: string;
  readonly run?: Pick<Process, 'command' | 'args' | 'writableRoot'>;
  /** `false` keeps it out of the pod's folders, /tmp excepted: others may keep there what it is not to read. @default true */
  readonly shares?: boolean;
  readonly container?: ContainerParts;
}

type ContainerParts = Pick<
  Container,
  'ports' | 'lifecycle' | 'startupProbe' | 'livenessProbe' | 'readinessProbe' | 'volumeMounts'
>;

interface Named {
  readonly name: string;
  /** Labels that tell its pods from all others of the namespace. @default - the label of its name */
  readonly selector?: Readonly<Record<string, string>>;
}

/** What a controller adds to the template. */
export interface TemplateParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly container?: ContainerParts;
  readonly sidecars?: readonly Container[];
  readonly pod?: Pick<
    PodSpec,
    | 'affinity'
    | 'initContainers'
    | 'restartPolicy'
    | 'securityContext'
    | 'terminationGracePeriodSeconds'
    | 'topologySpreadConstraints'
  >;
}

/**
 * Everything around one container that does not depend on the controller that runs it: ServiceAccount, ConfigMaps,
 * NetworkPolicy, and the pod template, which passes Pod Security `restricted` and restarts when what it is configured
 * with changes. Refuses an unknown size, a wrong quantity, a name that is no DNS label, an image that is not pinned, root.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export class Pod extends Construct {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly pods: PodSet;
  /** Of the object that makes the pods. */
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly policy: NetworkPolicy;
  readonly #props: PodProps;
  readonly #config: Config;
  readonly #configs: Config[];
  readonly #images: Image[] = [];

  constructor(scope: Construct, id: string, props: PodProps & Named) {
    super(scope, id);
    const { name, uses = [], calls = [], api, env, files } = props;
    const namespace = namespaceOf(this);
    this.name = name;
    this.labels = labelsOf(this, name);
    this.pods = { namespace, labels: props.selector ?? selectorOf(name) };
    this.metadata = { name, namespace, labels: this.labels };
    this.#props = props;
    this.#config = new Config(this, 'config', { name, namespace, from: [...uses, { env, files }] });
    this.#configs = [this.#config];

    new KubeServiceAccount(this, 'service-account', {
      metadata: { name, namespace, labels: this.labels },
      automountServiceAccountToken: false,
    });
    this.policy = new NetworkPolicy(this, 'network-policy', { name, pods: this.pods });
    this.connect([...uses, ...calls]);
    if (api) this.allowApi(api);
    this.await([...uses, ...this.#config.secrets, { construct: props.placement?.priority }]);
    refuse(this, [
      ...nameProblems(name),
      ...sizeProblems(props.size),
      ...imageProblems(props.image),
      ...processProblems(props.run),
    ]);
  }

  /**
   * One more container, for `initContainers`: with the configuration, the folders and the size of the pod's own, and
   * another program.
   */
  container(name: string, { image, command, args }: Pick<Process, 'command' | 'args'> & { image: Image }): Container {
    const { size, run } = this.#props;
    return this.render(this.#config, { name, image, size, run: { writableRoot: run?.writableRoot, command, args } });
  }

  /** A container for `sidecars`, or for `initContainers` that share nothing but folders. Its ConfigMaps are `<pod>-<name>` and `<pod>-<name>-files`. */
  sidecar(props: Sidecar): Container {
    const { name, image, size, uses = [], env, files } = props;
    const config = new Config(this, `config-${name}`, {
      name: this.name,
      namespace: this.pods.namespace,
      container: name,
      from: [...uses, { env, files }],
    });
    this.#configs.push(config);
    this.connect(uses);
    this.await([...uses, ...config.secrets]);
    refuse(this, [...sizeProblems(size), ...imageProblems(image)]);
    return this.render(config, props);
  }

  /** The pod template, with what the controller adds. */
  template({ labels, container = {}, sidecars = [], pod = {} }: TemplateParts = {}): PodTemplateSpec {
    const { image, api, run = {}, placement = {}, uses = [] } = this.#props;
    const { command, args, user = 1000, group = user, stopSeconds = 30 } = run;
    const checksums = Object.assign({}, ...this.#configs.map((config) => config.checksums));
    const main = this.container(this.name, { image, command, args });
    const waits = uses.flatMap(({ wait }) => wait ?? []).map(({ name, ...program }) => this.container(name, program));
    const initContainers = [...waits, ...(pod.initContainers ?? [])];
    const { pullSecret } = environmentOf(this).registries.own;
    const pulls = pullSecret && this.#images.some((used) => typeof used !== 'string');

    return {
      metadata: {
        labels: { ...this.labels, ...this.pods.labels, ...labels },
        annotations: Object.keys(checksums).length ? checksums : undefined,
      },
      spec: {
        terminationGracePeriodSeconds: stopSeconds,
        ...pod,
        initContainers: initContainers.length ? initContainers : undefined,
        serviceAccountName: this.name,
        automountServiceAccountToken: api !== undefined,
        enableServiceLinks: false,
        nodeSelector: placement.nodeSelector && { ...placement.nodeSelector },
        tolerations: placement.tolerations && [...placement.tolerations],
        priorityClassName: placement.priority?.name,
        imagePullSecrets: pulls ? [{ name: pullSecret }] : undefined,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: user,
          runAsGroup: group,
          seccompProfile: { type: 'RuntimeDefault' },
          ...pod.securityContext,
        },
        containers: [
          { ...container, ...main, volumeMounts: [...(container.volumeMounts ?? []), ...main.volumeMounts!] },
          ...sidecars,
        ],
        volumes: [...this.emptyDirs, ...this.#configs.flatMap(({ volumes }) => volumes)],
      },
    };
  }

  private render(config: Config, { name, image, size, run = {}, shares = true, container = {} }: Sidecar): Container {
    const { command, args, writableRoot = false } = run;
    this.#images.push(image);
    return {
      ...container,
      name,
      image: referenceOf(image),
      command: command && [...command],
      args: args && [...args],
      ...config.env,
      resources: resourcesOf(size),
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: !writableRoot,
      },
      volumeMounts: [
        ...(container.volumeMounts ?? []),
        ...(shares ? this.scratch : this.scratch.slice(0, 1)),
        ...config.mounts,
      ],
    };
  }

  /** Folders that are written to, /tmp first; the pod's containers share them. */
  private get scratch(): VolumeMount[] {
    const { writable = [], inMemory = [] } = this.#props.run ?? {};
    return ['/tmp', ...writable, ...inMemory].map((mountPath) => ({ name: volumeName(mountPath), mountPath }));
  }

  private get emptyDirs(): Volume[] {
    const { inMemory = [] } = this.#props.run ?? {};
    return this.scratch.map(({ name, mountPath }) => ({
      name,
      emptyDir: inMemory.includes(mountPath) ? { medium: 'Memory' } : {},
    }));
  }

  private connect(callees: readonly Partial<Callee>[]) {
    for (const { endpoints = [] } of callees) {
      for (const endpoint of endpoints) this.policy.allowTo(endpoint);
    }
  }

  private await(needed: readonly { readonly construct?: IConstruct }[]) {
    const before = new Set(needed.flatMap(({ construct }) => construct ?? []));
    if (before.size) declare(this, { uses: [...before] });
  }

  private allowApi(rules: readonly PolicyRule[]) {
    const { name, labels } = this;
    const { namespace } = this.pods;
    const metadata = { name, namespace, labels };
    this.policy.allowTo({ to: { builtin: 'api-server' }, port: environmentOf(this).network.apiServer.port });
    if (!rules.length) return;
    new KubeRole(this, 'role', { metadata, rules: [...rules] });
    new KubeRoleBinding(this, 'role-binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });
  }
}

const volumeName = (path: string) =>
  path
    .slice(1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');

function processProblems({ user = 1000, stopSeconds = 30, writable = [], inMemory = [] }: Process = {}): string[] {
  const problems = [...writable, ...inMemory]
    .filter((path) => !/^\/.*[a-zA-Z0-9]$/.test(path))
    .map((path) => `run.writable: "${path}" is not the absolute path of a folder; write it like /var/cache`);
  if (!Number.isInteger(user) || user < 1) {
    problems.push(`run.user: ${user} is root or no number, Pod Security refuses it; give the image's numeric user`);
  }
  if (!Number.isInteger(stopSeconds) || stopSeconds < 1) {
    problems.push(`run.stopSeconds: ${stopSeconds} leaves no time to stop, it has to be 1 or more; raise it`);
  }
  return problems;
}
