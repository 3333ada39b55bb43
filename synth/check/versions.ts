import { isCustom, servedVersions } from '../../imports/kinds.ts';
import { typeOf } from '../manifest.ts';
import type { Rule } from './rule.ts';

const object = (apiVersion: string, kind: string, more = '') => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: api, namespace: notifi}
${more}`;

/** Kinds that went without a successor of the same name in the same group. */
const MOVED: Readonly<Record<string, string>> = {
  'extensions/Deployment': 'write apps/v1',
  'extensions/DaemonSet': 'write apps/v1',
  'extensions/ReplicaSet': 'write apps/v1',
  'extensions/Ingress': 'write networking.k8s.io/v1, with pathType and backend.service',
  'extensions/NetworkPolicy': 'write networking.k8s.io/v1',
  'extensions/PodSecurityPolicy': 'label the Namespace with pod-security.kubernetes.io/enforce',
  'policy/PodSecurityPolicy': 'label the Namespace with pod-security.kubernetes.io/enforce',
  'settings.k8s.io/PodPreset': 'write what it would inject into the pod template',
};

/** https://kubernetes.io/docs/reference/using-api/deprecation-guide/ */
const removedApi: Rule = {
  name: 'removed-api',
  doc: 'An API version that Kubernetes 1.34, or the operator in use, does not serve: nothing of the file is applied.',
  severity: 'error',
  *check({ index, closed }) {
    for (const manifest of index.manifests) {
      const { apiVersion, kind } = manifest.object;
      const served = servedVersions(apiVersion, kind);
      const moved = MOVED[typeOf(manifest.object)];
      if (served.includes(apiVersion) || !(moved || served.length)) continue;
      // A stranger's operator may be older or newer.
      const severity = !closed && served.some(isCustom) ? 'info' : 'error';
      const message = `apiVersion: ${apiVersion} does not serve ${kind}`;
      yield { manifest, field: 'apiVersion', message, fix: moved ?? `write ${served.join(' or ')}`, severity };
    }
  },
  breaks: object('autoscaling/v2beta2', 'HorizontalPodAutoscaler'),
  passes: object('v1', 'ConfigMap'),
};

const unknownKind: Rule = {
  name: 'unknown-kind',
  doc: 'A kind that neither Kubernetes nor one of the known operators has: its fields are not checked.',
  severity: 'info',
  *check({ index, closed }) {
    const seen = new Set<string>();
    for (const manifest of index.manifests) {
      const { apiVersion, kind } = manifest.object;
      if (servedVersions(apiVersion, kind).length || MOVED[typeOf(manifest.object)]) continue;
      // What nothing brings is an error of its own.
      if (seen.has(`${apiVersion} ${kind}`) || (closed && !index.providerOf(manifest.object))) continue;
      seen.add(`${apiVersion} ${kind}`);
      const message = `kind: ${kind} of ${apiVersion} is not known, so its fields are not checked`;
      const fix = 'look at the spelling; `npm run schemas` adds kinds whose definition test/cluster/crds.ts lists';
      yield { manifest, field: 'kind', message, fix };
    }
  },
  breaks: `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true}]
---${object('example.com/v1', 'Widget')}`,
  passes: object('v1', 'ConfigMap'),
};

export const versionRules: readonly Rule[] = [removedApi, unknownKind];
