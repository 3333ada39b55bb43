import type { Declared, KubeObject, Manifest, Rendered } from '../../synth/manifest.ts';

// Hand-made renders: what cdk8s would give for charts that need not be written.

/** `object('apps/v1 Deployment', 'shop/api', { spec })`; a name without a namespace is cluster-scoped. */
export function object(type: string, id: string, rest: Readonly<Record<string, unknown>> = {}): KubeObject {
  const [apiVersion, kind] = type.split(' ') as [string, string];
  const [name, namespace] = id.split('/').reverse() as [string, string | undefined];
  const { annotations, labels, ...fields } = rest as Partial<KubeObject['metadata']>;
  const metadata = {
    ...(annotations && { annotations }),
    ...(labels && { labels }),
    name,
    ...(namespace && { namespace }),
  };
  return { apiVersion, kind, metadata, ...fields };
}

const place = (path: string) => {
  const [chart, unit = ''] = path.split('/') as [string, string | undefined];
  return { path, chart, unit, source: { file: `charts/${chart}/index.ts`, line: 1 } };
};

/** Objects below one construct path, and what is declared on it. */
export function unit(
  path: string,
  objects: readonly KubeObject[],
  ...relations: Omit<Declared, keyof ReturnType<typeof place>>[]
): Rendered {
  const manifests = objects.map((object, i): Manifest => ({ ...place(path), path: `${path}/${i}`, object }));
  return { manifests, declared: relations.map((relation) => ({ ...place(path), ...relation })) };
}

export const fleet = (...units: readonly Rendered[]): Rendered => ({
  manifests: units.flatMap(({ manifests }) => manifests),
  declared: units.flatMap(({ declared }) => declared),
});
