import { isNamespaced } from '../../imports/kinds.ts';
import { groupOf, type KubeObject } from '../manifest.ts';
import { type Json, map, number, port, text } from './json.ts';

/** A reference as it is written, before anything is looked up. */
export interface Link {
  readonly field: string;
  readonly kind: string;
  /** Empty for core. */
  readonly group: string;
  /** Absent for a cluster-scoped object. */
  readonly namespace?: string;
  readonly name: string;
  readonly key?: string;
  readonly port?: number | string;
  readonly optional: boolean;
  /** `name` is `<namespace>-<name>`, and either part may hold dashes. */
  readonly joined: boolean;
}

/** Collects the references of one object; a name that is empty, or substituted only later, is none. */
export class Links {
  readonly found: Link[] = [];
  readonly object: KubeObject;
  readonly namespace: string;

  constructor(object: KubeObject) {
    this.object = object;
    this.namespace = object.metadata.namespace ?? '';
  }

  /** Refers to an object of the same namespace, unless `more` says which; `namespace: undefined` for a cluster-scoped one. */
  to(kind: string, name: unknown, field: string, more: Partial<Link> = {}) {
    const known = text(name);
    if (!kind || !known || unknowable(known) || unknowable(more.namespace) || unknowable(more.key)) return;
    const { group = '', key, port, optional = false, joined = false } = more;
    const namespace = 'namespace' in more ? more.namespace : this.namespace;
    this.found.push({ field, kind, group, namespace, name: known, key, port, optional, joined });
  }

  /** A `{name, key, optional}` of a Secret or ConfigMap. */
  toKey(kind: 'Secret' | 'ConfigMap', selector: unknown, field: string, more: Partial<Link> = {}) {
    const { name, key, optional } = map(selector);
    this.to(kind, name, field, { key: text(key), optional: optional === true, ...more });
  }

  /** A `{apiVersion | group, kind, name, namespace}`; `fallback` where it leaves out the first two. */
  toObject(reference: Json, field: string, fallback: { group: string; kind: string }) {
    const kind = text(reference.kind) ?? fallback.kind;
    const apiVersion = text(reference.apiVersion);
    const group = apiVersion
      ? groupOf(apiVersion)
      : typeof reference.group === 'string'
        ? reference.group
        : fallback.group;
    // Of a kind that nobody knows, the name tells: ClusterX beside X.
    const namespaced = isNamespaced(`${group}/`, kind) ?? !/^Cluster[A-Z]/.test(kind);
    const namespace = namespaced ? (text(reference.namespace) ?? this.namespace) : undefined;
    this.to(kind, reference.name, field, { group, namespace, port: port(reference.port) });
  }
}

/** Filled in by Flux's postBuild, by the shell or by a template. */
export const unknowable = (value: string | undefined) => value !== undefined && /\$\{|\$\(|\{\{/.test(value);

/** A Service's `port`, as a number or `{number, name}`. */
export const portOf = (value: unknown) => port(value) ?? number(map(value).number) ?? text(map(value).name);
