import { FLUX_SYSTEM, sourceKind } from '../../imports/source.ts';
import { push } from '../group-by.ts';
import { type Declared, groupOf, type Manifest } from '../manifest.ts';
import type { Provided, World } from '../resolve.ts';
import { isBuiltIn } from './kinds.ts';
import { type Keys, productsOf } from './producers.ts';

interface Candidate {
  readonly target: Manifest | Provided;
  /** Absent where only the kind is known. */
  readonly group?: string;
  readonly keys?: Keys;
}

const ANYWHERE = '*';

/** Answers who an object's name stands for: a manifest, what a controller makes of one, or what is said to exist. */
export class Lookup {
  readonly #candidates = new Map<string, Candidate[]>();
  readonly #closed: boolean;
  #names: Map<string, string[]> | undefined;

  constructor(manifests: readonly Manifest[], declared: readonly Declared[], world: World) {
    this.#closed = world.closed;
    for (const manifest of manifests) this.#addManifest(manifest);
    for (const by of declared) {
      for (const object of by.provides?.objects ?? []) this.#addProvided({ ...object, by });
      if (by.sealed) this.#addProvided({ ...by.sealed, kind: 'Secret', by });
    }
    for (const { objects = [] } of world.provides) for (const object of objects) this.#addProvided(object);
    const { storageClasses = {}, ingress, repository } = world.cluster ?? {};
    for (const kind of repository ? [sourceKind(repository)] : ['GitRepository', 'OCIRepository']) {
      this.#addProvided({ kind, namespace: FLUX_SYSTEM, name: FLUX_SYSTEM });
    }
    for (const name in storageClasses) this.#addProvided({ kind: 'StorageClass', name });
    if (ingress) this.#addProvided({ kind: 'IngressClass', name: ingress.class });
  }

  find(kind: string, namespace: string | undefined, name: string, group?: string, near?: Manifest) {
    const found = this.#find(kind, namespace, name, group);
    if (found.length < 2 || !near) return found[0]?.target ?? alwaysThere(kind, namespace, name);
    const distance = ({ target }: Candidate) => ('path' in target ? -shared(target.path, near.path) : 0);
    return found.reduce((best, next) => (distance(next) < distance(best) ? next : best)).target;
  }

  /** Keys of all that make it, since two may fill one Secret. */
  keysOf(kind: string, namespace: string, name: string): Keys | undefined {
    const found = this.#find(kind, namespace, name, '');
    if (!found.length) return kind === 'ConfigMap' && name === ROOT_CA ? new Set(['ca.crt']) : undefined;
    if (found.length === 1) return found[0]!.keys ?? 'any';
    const sets = found.map(({ keys }) => keys ?? 'any');
    return sets.includes('any') ? 'any' : new Set(sets.flatMap((keys) => [...keys]));
  }

  /** The names of that kind in a namespace, to guess what was meant. */
  names(kind: string, namespace: string | undefined): readonly string[] {
    const prefix = `${kind}/${namespace ?? ''}/`;
    if (!this.#names) {
      this.#names = new Map();
      for (const key of this.#candidates.keys()) {
        const end = key.lastIndexOf('/') + 1;
        push(this.#names, key.slice(0, end), key.slice(end));
      }
    }
    return this.#names.get(prefix) ?? [];
  }

  /** Splits `<namespace>-<name>` where an object of that kind is found, or else where it most likely belongs. */
  split(
    kind: string,
    joined: string,
    group: string | undefined,
    namespace: string,
  ): { namespace: string; name: string } {
    const at = (dash: number) => ({ namespace: joined.slice(0, dash), name: joined.slice(dash + 1) });
    for (let dash = joined.indexOf('-'); dash > 0; dash = joined.indexOf('-', dash + 1)) {
      const part = at(dash);
      if (this.#find(kind, part.namespace, part.name, group).length) return part;
    }
    return at(joined.startsWith(`${namespace}-`) ? namespace.length : joined.indexOf('-'));
  }

  /** A stranger's object without a namespace may be put into any, and is taken as an answer everywhere. */
  #find(kind: string, namespace: string | undefined, name: string, group?: string): readonly Candidate[] {
    const exact = this.#get(`${kind}/${namespace ?? ''}/${name}`, group);
    if (exact.length || this.#closed || namespace === undefined) return exact;
    return this.#get(`${kind}/${namespace ? '' : ANYWHERE}/${name}`, group);
  }

  /** Without a group, a kind of Kubernetes itself goes before a custom one of the same name. */
  #get(key: string, group: string | undefined): readonly Candidate[] {
    const found = this.#candidates.get(key) ?? [];
    if (group !== undefined) {
      return found.every((candidate) => (candidate.group ?? group) === group)
        ? found
        : found.filter((candidate) => (candidate.group ?? group) === group);
    }
    const builtIn = found.filter((candidate) => isBuiltIn(candidate.group ?? ''));
    return builtIn.length ? builtIn : found;
  }

  #addManifest(manifest: Manifest) {
    const { kind, metadata, apiVersion } = manifest.object;
    const group = groupOf(apiVersion);
    let itself = false;
    for (const product of productsOf(manifest.object)) {
      itself ||= product.kind === kind && group === '';
      this.#add(product.kind, product.namespace ?? metadata.namespace, product.name, {
        target: manifest,
        group: product.group ?? '',
        keys: product.keys,
      });
    }
    if (!itself) this.#add(kind, metadata.namespace, metadata.name, { target: manifest, group });
  }

  #addProvided(object: Provided) {
    const keys = object.keys && new Set(object.keys);
    this.#add(object.kind, object.namespace, object.name, { target: object, keys });
  }

  #add(kind: string, namespace: string | undefined, name: string, candidate: Candidate) {
    push(this.#candidates, `${kind}/${namespace ?? ''}/${name}`, candidate);
    if (!this.#closed) push(this.#candidates, `${kind}/${ANYWHERE}/${name}`, candidate);
  }
}

const ROOT_CA = 'kube-root-ca.crt';

/** What every cluster has, and what `flux bootstrap` puts there: names, by kind and namespace. */
const THERE: Readonly<Record<string, RegExp>> = {
  'Namespace/': /^(default|kube-system|kube-public|kube-node-lease|flux-system)$/,
  'ClusterRole/': /^(cluster-admin|admin|edit|view|system:.*)$/,
  'Role/kube-system': /^(extension-apiserver-authentication-reader|system:.*)$/,
  'PriorityClass/': /^system-(cluster|node)-critical$/,
  'Service/default': /^kubernetes$/,
  [`Kustomization/${FLUX_SYSTEM}`]: /^flux-system$/,
  [`ServiceAccount/${FLUX_SYSTEM}`]: /-controller$/,
  [`Service/${FLUX_SYSTEM}`]: /^(source-controller|notification-controller|webhook-receiver)$/,
};

function alwaysThere(kind: string, namespace: string | undefined, name: string): Provided | undefined {
  const inEvery = (kind === 'ServiceAccount' && name === 'default') || (kind === 'ConfigMap' && name === ROOT_CA);
  return inEvery || THERE[`${kind}/${namespace ?? ''}`]?.test(name) ? { kind, namespace, name } : undefined;
}

/** Length of what two paths share from the left. */
function shared(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
