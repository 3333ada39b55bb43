import { readFileSync } from 'node:fs';

/** What one API version serves, by scope. `custom`: its kinds come from CustomResourceDefinitions. */
export interface Served {
  readonly namespaced?: readonly string[];
  readonly cluster?: readonly string[];
  readonly custom?: boolean;
}

const served: Readonly<Record<string, Served>> = JSON.parse(
  readFileSync(new URL('./schemas/kinds.json', import.meta.url), 'utf8'),
);

const group = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '');

/** Kind and group (`Deployment apps`) to its scope and the API versions that serve it. */
const known = new Map<string, { namespaced: boolean; versions: string[] }>();
for (const [apiVersion, { namespaced = [], cluster = [] }] of Object.entries(served)) {
  for (const kind of [...namespaced, ...cluster]) {
    const key = `${kind} ${group(apiVersion)}`;
    const entry = known.get(key) ?? { namespaced: namespaced.includes(kind), versions: [] };
    entry.versions.push(apiVersion);
    known.set(key, entry);
  }
}

/**
 * Whether objects of this kind live in a namespace; undefined where neither Kubernetes 1.34 nor one of the known operators has it.
 * The version does not matter: all versions of a kind have one scope.
 */
export const isNamespaced = (apiVersion: string, kind: string): boolean | undefined =>
  known.get(`${kind} ${group(apiVersion)}`)?.namespaced;

/** The API versions of this kind's group that serve it: `['autoscaling/v1', 'autoscaling/v2']`; empty where it is unknown. */
export const servedVersions = (apiVersion: string, kind: string): readonly string[] =>
  known.get(`${kind} ${group(apiVersion)}`)?.versions ?? [];

/** Whether exactly this version of the kind is known. */
export const isServed = (apiVersion: string, kind: string) => servedVersions(apiVersion, kind).includes(apiVersion);

/** Whether the kinds of this API version come from CustomResourceDefinitions: their fields vary with the operator's version. */
export const isCustom = (apiVersion: string) => served[apiVersion]?.custom ?? false;
