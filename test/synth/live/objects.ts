import type { KubeObject } from '../../../synth/manifest.ts';

// Objects as an API server answers them, cut down to what is looked at.

/** A set of fields as `metadata.managedFields` has it: `spec.replicas`, `spec.containers.k:{"name":"api"}.image`. */
export function fieldsOf(...paths: readonly (readonly string[])[]): object {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let at = root;
    for (const segment of path) {
      const key = /^[kvi]:/.test(segment) || segment === '.' ? segment : `f:${segment}`;
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
  }
  return root;
}

export const managed = (manager: string, operation: 'Apply' | 'Update', fieldsV1: object, subresource?: string) => ({
  manager,
  operation,
  fieldsV1,
  ...(subresource && { subresource }),
});

const CONTAINER = ['spec', 'template', 'spec', 'containers', 'k:{"name":"api"}'];
export const env = (name: string) => [...CONTAINER, 'env', `k:{"name":"${name}"}`];
export const IMAGE = [...CONTAINER, 'image'];

interface Parts {
  readonly env?: readonly object[];
  readonly image?: string;
  readonly replicas?: number;
  readonly metadata?: object;
  readonly status?: object;
  readonly selector?: Readonly<Record<string, string>>;
}

export const deployment = ({
  env = [],
  image = 'api:1',
  replicas = 2,
  metadata = {},
  status,
  selector = { app: 'api' },
}: Parts = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', namespace: 'shop', uid: 'd1', generation: 1, ...metadata },
  spec: {
    replicas,
    selector: { matchLabels: selector },
    template: { metadata: { labels: selector }, spec: { containers: [{ name: 'api', image, env }] } },
  },
  ...(status && { status }),
});
