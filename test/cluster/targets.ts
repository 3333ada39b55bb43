// What the test bed is built of: one Go module per target under go/, as the versions one project pins break another.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CrdSource, crdSets } from './crds.ts';
import { linkerdCrds } from './linkerd-crds.ts';
import { strimzi } from './strimzi-crds.ts';

/** A text that stands once in a file of a module, and what it has to be. */
export interface Rewrite {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Target {
  /** The programs of the `tool` directives in go.mod; a single one is named here, several keep their package's name. */
  readonly programs?: string[];
  readonly ldflags?: string;
  /** Build tags. */
  readonly tags?: string;
  /** By module: built from a copy with these changes, where a release goes with an unpublished state of another module. */
  readonly rewrites?: Record<string, Rewrite[]>;
  /** Files taken out of a module: name below the target's folder -> where it lies. */
  readonly files?: Record<string, CrdSource>;
  /** Further folders under go/ this target is made of. */
  readonly with?: string[];
}

export const modules = fileURLToPath(new URL('go/', import.meta.url));
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fleet-synth', 'bin');

/** Without these the server calls itself v0.0.0-master, which charts and operators refuse. */
function kubernetesVersion(): string {
  const [version, major, minor] = /k8s\.io\/kubernetes v(\d+)\.(\d+)\.\d+/
    .exec(readFileSync(join(modules, 'kube/go.mod'), 'utf8'))!
    .map((part) => part.split(' ').at(-1));
  const facts = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .flatMap((pkg) => Object.entries(facts).map(([name, value]) => `-X ${pkg}.${name}=${value}`))
    .join(' ');
}

const stage = (path: string): CrdSource => ({ module: 'sigs.k8s.io/kwok', path: `kustomize/stage/${path}` });

const restoreParameters = 'ctx context.Context, storage logical.Storage, name, backup string, force bool';

export const targets = {
  etcd: { programs: ['etcd'] },
  kube: {
    programs: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
    ldflags: kubernetesVersion(),
  },
  kwok: {
    programs: ['kwok'],
    files: {
      'node-initialize.yaml': stage('node/fast/node-initialize.yaml'),
      'node-heartbeat-with-lease.yaml': stage('node/heartbeat-with-lease/node-heartbeat-with-lease.yaml'),
      'pod-ready.yaml': stage('pod/fast/pod-ready.yaml'),
      'pod-complete.yaml': stage('pod/fast/pod-complete.yaml'),
      'pod-delete.yaml': stage('pod/fast/pod-delete.yaml'),
    },
  },
  'source-controller': { programs: ['source-controller'] },
  'kustomize-controller': { programs: ['kustomize-controller'] },
  'sealed-secrets': { programs: ['sealed-secrets-controller'] },
  'image-update': { programs: ['image-update'] },
  'image-policy': { programs: ['image-policy'] },
  actionlint: { programs: ['actionlint'] },
  'alloy-syntax': { programs: ['alloy-syntax'] },
  readers: { programs: ['dyff', 'kubeconform', 'kustomize'] },
  'flux-cli': {
    programs: ['flux'],
    rewrites: {
      // The controllers' manifests are made for its release, and are of no use to `build`.
      'github.com/fluxcd/flux2/v2': [
        { file: 'cmd/flux/manifests.embed.go', from: '//go:embed manifests/*.yaml', to: '//go:embed main.go' },
      ],
    },
  },
  flate: { programs: ['flate'] },
  helm: {
    programs: ['helm'],
    // The cluster that `helm template` takes for granted; without it charts meet Kubernetes 1.20.
    ldflags: ['Major=1', 'Minor=34'].map((part) => `-X helm.sh/helm/v3/pkg/chartutil.k8sVersion${part}`).join(' '),
  },
  // Without the plugins that few use; Kubernetes auth is one of them, and is a program of its own then.
  vault: {
    programs: ['vault', 'vault-plugin-auth-kubernetes'],
    tags: 'minimal',
    rewrites: {
      'github.com/hashicorp/vault/sdk': [
        {
          file: 'framework/backend.go',
          from: 'ActivationFunc func(context.Context, *logical.Request, string) error',
          to: 'ActivationFunc func(context.Context, *logical.Request) error',
        },
        {
          file: 'helper/keysutil/lock_manager.go',
          from: `RestorePolicy(${restoreParameters}) error {`,
          to: `RestorePolicy(${restoreParameters}) (string, error) {
	return name, lm.restorePolicy(ctx, storage, name, backup, force)
}

func (lm *LockManager) restorePolicy(${restoreParameters}) error {`,
        },
      ],
    },
  },
  minio: { programs: ['minio', 'mc'] },
  rabbitmq: { programs: ['rabbitmq-cluster-operator'] },
  'rabbitmq-topology': { programs: ['messaging-topology-operator'] },
  otelcol: { programs: ['otelcol'] },
  'cert-manager': { programs: ['cert-manager'] },
  'knative-serving': {
    programs: ['webhook', 'controller'],
    files: Object.fromEntries(
      ['defaulting.yaml', 'resource-validation.yaml', 'configmap-validation.yaml'].map((file) => [
        file,
        { module: 'knative.dev/serving', path: `config/core/webhooks/${file}` },
      ]),
    ),
    // Any free port for its probes: the one that it has in a pod is often taken on a machine.
    rewrites: {
      'knative.dev/pkg': [
        {
          file: 'injection/health_check.go',
          from: 'const HealthCheckDefaultPort = 8080',
          to: 'const HealthCheckDefaultPort = 0',
        },
      ],
    },
  },
  registry: { programs: ['crane'] },
  crds: { with: ['flux-crds'] },
} satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;

export const groups: Record<string, TargetName[]> = {
  flux: ['source-controller', 'kustomize-controller'],
  /** What a bed with every option needs. */
  bed: [
    'etcd',
    'kube',
    'kwok',
    'source-controller',
    'kustomize-controller',
    'sealed-secrets',
    'rabbitmq',
    'rabbitmq-topology',
    'knative-serving',
    'cert-manager',
    'crds',
    'image-update',
    'image-policy',
    'actionlint',
    'alloy-syntax',
    'registry',
    'readers',
    'flux-cli',
    'flate',
  ],
};

/** Where a target is or will be: the same content of go/<target> and of the recipe gives the same folder. */
export function folder(name: TargetName): string {
  const target: Target = targets[name];
  const hash = createHash('sha256').update(
    JSON.stringify([target, name === 'crds' ? [crdSets, linkerdCrds, strimzi] : null]),
  );
  for (const module of [name, ...(target.with ?? [])]) {
    for (const file of readdirSync(join(modules, module)).sort()) {
      hash.update(`${module}/${file}\0`).update(readFileSync(join(modules, module, file)));
    }
  }
  return join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Folder of a built target. Throws where it is not built, since a build takes minutes that no test should hide. */
export function built(name: TargetName): string {
  const path = folder(name);
  if (!existsSync(path)) throw new Error(`${name} is not built: run \`npm run build:cluster -- ${name}\` first`);
  return path;
}
