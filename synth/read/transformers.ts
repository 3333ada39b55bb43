import type { KubeObject } from '../manifest.ts';
import { inTexts, type Json, map, maps, text } from '../resolve/json.ts';
import type { Document } from './documents.ts';
import { following, inNamespace, labelled, labelSets, renamed, withImages } from './transform.ts';

/** Namespace, names, labels, replicas and images, in kustomize's own order. */
export function transformed(documents: readonly Document[], spec: Json): readonly Document[] {
  const [namespace, prefix = '', suffix = ''] = [text(spec.namespace), text(spec.namePrefix), text(spec.nameSuffix)];
  let objects: readonly KubeObject[] = documents.map(({ object }) => object);
  if (namespace) objects = inNamespace(objects, namespace);
  if (prefix || suffix) objects = renamed(objects, prefix, suffix);
  for (const set of labelSets(spec)) objects = objects.map((object) => labelled(object, set.labels, set));
  for (const { name, count } of maps(spec.replicas)) {
    objects = objects.map((object) =>
      object.metadata.name === name && SCALED.has(object.kind)
        ? { ...object, spec: { ...map(object.spec), replicas: count } }
        : object,
    );
  }
  const images = maps(spec.images);
  if (images.length) objects = objects.map((object) => withImages(object, images) as KubeObject);
  const results = documents.map((document, number) => {
    const object = objects[number]!;
    const { name } = document.object.metadata;
    if (object.metadata.name === name) return { ...document, object };
    return { ...document, object, former: [...(document.former ?? []), name] };
  });
  return withVariables(results, maps(spec.vars));
}

/** Values of `vars` are taken from fields all over the build: written as unknown, `${NAME}`, they are legal everywhere. */
function withVariables(documents: readonly Document[], variables: readonly Json[]): readonly Document[] {
  if (!variables.length) return documents;
  const names = new Set(variables.map(({ name }) => name));
  const fill = (value: string) =>
    value.replace(/\$\(([^)]+)\)/g, (whole, name) => (names.has(name) ? `\${${name}}` : whole));
  return documents.map((document) => ({ ...document, object: inTexts(document.object, fill) as KubeObject }));
}

/** A patch of an overlay may call by its old name what the base has renamed. */
export function followed(documents: readonly Document[]): readonly Document[] {
  const names = new Map(
    documents.flatMap(({ object, former = [] }) =>
      former.map((name) => [`${object.kind}/${name}`, object.metadata.name]),
    ),
  );
  for (const { object } of names.size ? documents : []) names.delete(`${object.kind}/${object.metadata.name}`);
  if (!names.size) return documents;
  const objects = following(
    documents.map(({ object }) => object),
    names,
  );
  return documents.map((document, number) => ({ ...document, object: objects[number]! }));
}

const SCALED = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']);
