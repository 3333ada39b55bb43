import { type Client, type KubernetesObject, waitFor } from './client.ts';

interface Described {
  readonly 'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

export interface OpenApiDocuments {
  /** /openapi/v2 */
  readonly v2: { definitions: Record<string, Described> };
  /** The documents of /openapi/v3 by their path, such as apis/apps/v1. */
  readonly v3: Record<string, { components?: { schemas?: Record<string, Described> } }>;
}

/** Every `group/version kind` that a definition is said to be the schema of. */
function kindsOf(definitions: Record<string, Described> = {}): string[] {
  return Object.values(definitions).flatMap((definition) =>
    (definition['x-kubernetes-group-version-kind'] ?? []).map((gvk) => `${gvk.group}/${gvk.version} ${gvk.kind}`),
  );
}

const servedKinds = ({ spec }: KubernetesObject): string[] =>
  spec.versions
    .filter(({ served }: { served: boolean }) => served)
    .map(({ name }: { name: string }) => `${spec.group}/${name} ${spec.names.kind}`);

const rawJson = async (client: Client, path: string) => JSON.parse(await client.kubectl(['get', '--raw', path]));

async function readV3(client: Client, wanted: (path: string) => boolean): Promise<OpenApiDocuments['v3']> {
  const { paths }: { paths: Record<string, { serverRelativeURL: string }> } = await rawJson(client, '/openapi/v3');
  const entries = Object.entries(paths).filter(([path]) => wanted(path));
  const documents: OpenApiDocuments['v3'] = {};
  for (const [path, { serverRelativeURL }] of entries) documents[path] = await rawJson(client, serverRelativeURL);
  return documents;
}

const kindsOfV3 = (documents: OpenApiDocuments['v3']) =>
  new Set(Object.values(documents).flatMap((document) => kindsOf(document.components?.schemas)));

/** Waits until the server describes these kinds: it does so a moment after it serves them, and KWOK ends without. */
export async function awaitDescribed(client: Client, kinds: { apiVersion: string; kind: string }[]): Promise<void> {
  const paths = new Set(kinds.map(({ apiVersion }) => `apis/${apiVersion}`));
  await waitFor('the custom resources are in the OpenAPI documents', async () => {
    const described = kindsOfV3(await readV3(client, (path) => paths.has(path)));
    return kinds.every(({ apiVersion, kind }) => described.has(`${apiVersion} ${kind}`));
  });
}

/** The server's own description of every kind, custom resources included. */
export async function openapi(client: Client): Promise<OpenApiDocuments> {
  const expected = (await client.list('customresourcedefinitions')).flatMap(servedKinds);
  return waitFor('every custom resource is in the OpenAPI documents', async () => {
    const v3 = await readV3(client, () => true);
    const v2: OpenApiDocuments['v2'] = await rawJson(client, '/openapi/v2');
    const inV2 = new Set(kindsOf(v2.definitions));
    const inV3 = kindsOfV3(v3);
    return expected.every((kind) => inV2.has(kind) && inV3.has(kind)) && { v2, v3 };
  });
}
