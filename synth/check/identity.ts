import { isNamespaced } from '../../imports/kinds.ts';
import { idOf, type Manifest, nameOf, typeOf } from '../manifest.ts';
import { at } from '../resolve/json.ts';
import { unknowable } from '../resolve/links.ts';
import type { Index } from '../resolve.ts';
import type { Rule } from './rule.ts';

const configMap = (metadata: string) => `---
apiVersion: v1
kind: ConfigMap
metadata: {${metadata}}
`;

const duplicateObject: Rule = {
  name: 'duplicate-object',
  doc: 'Two objects alike: the later overwrites the earlier, or the build of the folder fails.',
  severity: 'error',
  *check({ index, closed }) {
    const twice = new Map<string, { manifest: Manifest; other: Manifest; names: string[] }>();
    for (const manifest of index.manifests) {
      const { metadata } = manifest.object;
      const other = index.byId(idOf(manifest.object));
      if (!other || other === manifest || unknowable(metadata.name) || unknowable(metadata.namespace)) continue;
      // Two units alike are one mistake, however many objects they are made of.
      const units = closed
        ? [other, manifest].map(({ chart, unit }) => `${chart}/${unit}`).join()
        : idOf(manifest.object) + manifest.path;
      const known = twice.get(units);
      if (known) known.names.push(nameOf(manifest.object));
      else twice.set(units, { manifest, other, names: [nameOf(manifest.object)] });
    }
    for (const { manifest, other, names } of twice.values()) {
      const also = names.length > 1 ? `; so are ${names.slice(1).join(', ')}` : '';
      yield {
        manifest,
        field: 'metadata.name',
        // In a stranger's folder they may be alternatives of which one is applied.
        severity: closed ? 'error' : 'warning',
        message: `made twice: by ${originOf(other)} and by ${originOf(manifest)}${also}`,
        fix: 'rename one of them, or make it once and hand it to the other',
      };
    }
  },
  breaks: configMap('name: api, namespace: notifi') + configMap('name: api, namespace: notifi'),
  passes: configMap('name: api, namespace: notifi') + configMap('name: api, namespace: neotool'),
};

function originOf({ path, file, source }: Manifest): string {
  if (file) return `${file.file}:${file.line}`;
  return source ? `${path} (${source.file}:${source.line})` : path;
}

/** Whether objects of that kind have a namespace, by its CustomResourceDefinition or what is known of it. */
function hasNamespace(index: Index, { object }: Manifest): boolean | undefined {
  const provider = index.providerOf(object);
  const scope = typeof provider === 'object' && 'object' in provider ? at(provider.object, 'spec', 'scope') : undefined;
  return scope ? scope === 'Namespaced' : isNamespaced(object.apiVersion, object.kind);
}

const wrongScope: Rule = {
  name: 'wrong-scope',
  doc: 'A namespaced object without a namespace lands in whichever the applier happens to use; a cluster-scoped one has none.',
  severity: 'error',
  *check({ index, closed }) {
    if (!closed) return;
    for (const manifest of index.manifests) {
      const { kind, metadata } = manifest.object;
      const namespaced = hasNamespace(index, manifest);
      if (namespaced === undefined || namespaced === Boolean(metadata.namespace)) continue;
      yield {
        manifest,
        field: 'metadata.namespace',
        message: namespaced
          ? `metadata.namespace: missing, and ${kind} is a namespaced kind`
          : `metadata.namespace: "${metadata.namespace}", and ${kind} is a cluster-scoped kind`,
        fix: namespaced ? 'set the namespace' : 'leave the namespace out',
      };
    }
  },
  breaks: configMap('name: api'),
  passes: configMap('name: api, namespace: notifi'),
};

const defaultNamespace: Rule = {
  name: 'default-namespace',
  doc: 'Objects in the namespace default escape every policy, quota and Pod Security level of the namespaces made for them.',
  severity: 'warning',
  *check({ index, closed }) {
    if (!closed) return;
    for (const manifest of index.manifests) {
      if (manifest.object.metadata.namespace !== 'default') continue;
      const field = 'metadata.namespace';
      yield {
        manifest,
        field,
        message: `${field}: default is shared by everything`,
        fix: 'put it into a namespace of its own',
      };
    }
  },
  breaks: configMap('name: api, namespace: default'),
  passes: configMap('name: api, namespace: notifi'),
};

/** Longest name whose derived names still are labels of 63 characters. */
const LONGEST: Readonly<Record<string, { most: number; why: string }>> = {
  'apps/StatefulSet': { most: 52, why: 'the label controller-revision-hash of its pods is <name>-<10 characters>' },
  'batch/CronJob': { most: 52, why: 'its Jobs are <name>-<10 digits>' },
  'batch/Job': { most: 63, why: 'the label batch.kubernetes.io/job-name of its pods is its name' },
  'serving.knative.dev/Service': { most: 57, why: 'its revisions are <name>-<5 digits>' },
};

const nameTooLong: Rule = {
  name: 'name-too-long',
  doc: 'Names that are made from this one do not fit into a label of 63 characters: pods are never created.',
  severity: 'error',
  *check({ index }) {
    for (const manifest of index.manifests) {
      const { kind, metadata } = manifest.object;
      const limit = LONGEST[typeOf(manifest.object)];
      const { length } = `${metadata.name}`;
      if (!limit || length <= limit.most || unknowable(metadata.name)) continue;
      yield {
        manifest,
        field: 'metadata.name',
        message: `metadata.name: ${length} characters, at most ${limit.most} for a ${kind}: ${limit.why}`,
        fix: `shorten it by ${length - limit.most}`,
      };
    }
  },
  breaks: `{apiVersion: batch/v1, kind: CronJob, metadata: {name: ${'n'.repeat(53)}, namespace: notifi}}`,
  passes: `{apiVersion: batch/v1, kind: CronJob, metadata: {name: ${'n'.repeat(52)}, namespace: notifi}}`,
};

export const identityRules: readonly Rule[] = [duplicateObject, wrongScope, defaultNamespace, nameTooLong];
