import { isManifest } from '../resolve.ts';
import { missingRules } from './missing.ts';
import { object, secretEnv } from './missing-table.ts';
import { didYouMean } from './nearest.ts';
import type { Problem, Rule } from './rule.ts';

const missingKey = (kind: 'Secret' | 'ConfigMap', name: string, breaks: string, passes: string): Rule => ({
  name,
  doc: `A key is read that the ${kind} does not have: the container does not start, or the file is not there.`,
  severity: 'error',
  *check({ index, closed }) {
    for (const { from, field, key, namespace, target, optional, ...reference } of index.references) {
      if (key === undefined || optional || !target || reference.kind !== kind) continue;
      const keys = index.keysOf(kind, namespace ?? '', reference.name);
      if (!keys || keys === 'any' || keys.has(key) || (!closed && keys.size === 0)) continue;
      const maker =
        isManifest(target) && target.object.kind !== kind
          ? ` (made by ${target.object.kind} "${target.object.metadata.name}")`
          : '';
      yield {
        manifest: from,
        field,
        message: `${field}: ${kind} "${reference.name}"${maker} has no key "${key}"${didYouMean(key, keys)}; it has ${list(keys)}`,
        fix: `add the key to the ${kind}, or name one that it has`,
      };
    }
  },
  breaks,
  passes,
});

const list = (names: Iterable<string>) =>
  [...names]
    .sort()
    .map((name) => `"${name}"`)
    .join(', ') || 'none';

const configEnv = (key: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec:
  containers:
    - name: api
      env: [{name: URL, valueFrom: {configMapKeyRef: {name: api, key: ${key}}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: api, namespace: notifi}
data: {URL: 'https://example.org'}
`;

export const referenceRules: readonly Rule[] = [
  ...missingRules,
  missingKey(
    'Secret',
    'missing-secret-key',
    secretEnv('postgres', 'passwrd', 'password'),
    secretEnv('postgres', 'password', 'password'),
  ),
  missingKey('ConfigMap', 'missing-config-map-key', configEnv('URI'), configEnv('URL')),
  {
    name: 'missing-kind',
    doc: 'A custom resource whose kind neither the cluster nor anything rendered brings: Flux cannot apply it.',
    severity: 'error',
    *check({ index, closed }): Iterable<Problem> {
      if (!closed) return;
      for (const manifest of index.manifests) {
        const { apiVersion, kind } = manifest.object;
        if (index.providerOf(manifest.object)) continue;
        yield {
          manifest,
          field: 'kind',
          message: `kind: nothing brings ${kind} of ${apiVersion}, so the API server does not know it`,
          fix: `add the platform part that installs it, or declare \`provides: { kinds: ['${apiVersion.split('/')[0]}/${kind}'] }\` on the part or the environment that does`,
        };
      }
    },
    breaks: object('monitoring.coreos.com/v1', 'ServiceMonitor', 'api', 'notifi'),
    passes: `${object('monitoring.coreos.com/v1', 'ServiceMonitor', 'api', 'notifi')}---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec: {group: monitoring.coreos.com, names: {kind: ServiceMonitor}}
`,
  },
];
