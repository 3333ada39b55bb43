import { at, strings } from '../resolve/json.ts';
import { type Index, isManifest } from '../resolve.ts';
import { enforcedLevel, violations } from './pod-security.ts';
import type { Rule } from './rule.ts';

const SECURE = '{allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {drop: [ALL]}}';
const inNamespace = (level: string, spec: string) => `
apiVersion: v1
kind: Namespace
metadata: {name: notifi, labels: {pod-security.kubernetes.io/enforce: ${level}}}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {${spec}}
`;
const secure = `securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: [{name: api, securityContext: ${SECURE}}]`;

/** The profile that the namespace of these pods enforces; undefined where it has no label, or is not in the tree. */
function levelOf(index: Index, namespace: string) {
  const found = index.find('Namespace', undefined, namespace, '');
  return found && isManifest(found) ? enforcedLevel(found.object.metadata.labels) : undefined;
}

const podSecurity = (
  profile: 'baseline' | 'restricted',
  levels: readonly string[],
  breaks: string,
  passes: string,
): Rule => ({
  name: `pod-security-${profile}`,
  doc: `The namespace enforces the ${levels.join(' or ')} Pod Security Standard and refuses these pods: none is created.`,
  severity: 'error',
  *check({ index }) {
    for (const workload of index.workloads) {
      const level = levelOf(index, workload.namespace);
      if (!level || !levels.includes(level)) continue;
      for (const { field, message, fix } of violations(profile, workload)) {
        yield {
          manifest: workload.manifest,
          field,
          message: `${message}, which namespace "${workload.namespace}" (${level}) refuses`,
          fix,
        };
      }
    }
  },
  breaks,
  passes,
});

const meshBreaksPodSecurity: Rule = {
  name: 'mesh-breaks-pod-security',
  doc: 'Linkerd’s init container asks for NET_ADMIN and NET_RAW, which baseline and restricted namespaces refuse: no meshed pod is created.',
  severity: 'error',
  *check({ index }) {
    const hasPlugin =
      index.byKind('DaemonSet').some(({ object }) => object.metadata.name === 'linkerd-cni') ||
      index.byKind('HelmRelease').some(({ object }) => at(object, 'spec', 'chart', 'spec', 'chart') === 'linkerd2-cni');
    if (hasPlugin) return;
    for (const { manifest, namespace, annotations, podPath } of index.workloads) {
      const level = levelOf(index, namespace);
      if (level !== 'baseline' && level !== 'restricted') continue;
      const owner = index.find('Namespace', undefined, namespace, '');
      const inherited = owner && isManifest(owner) ? strings(owner.object.metadata.annotations) : {};
      if ((annotations[INJECT] ?? inherited[INJECT]) !== 'enabled') continue;
      yield {
        manifest,
        field: `${podPath.replace(/spec$/, 'metadata')}.annotations`,
        message: `${INJECT}: enabled in namespace "${namespace}", which enforces ${level} and refuses the capabilities of linkerd-init`,
        fix: 'install the Linkerd CNI plugin, or let the namespace enforce privileged and say why',
      };
    }
  },
  breaks: inNamespace('restricted', secure).replace(
    'name: api,',
    'name: api, annotations: {linkerd.io/inject: enabled},',
  ),
  passes: inNamespace('privileged', secure).replace(
    'name: api,',
    'name: api, annotations: {linkerd.io/inject: enabled},',
  ),
};

const INJECT = 'linkerd.io/inject';

const noPodSecurity: Rule = {
  name: 'no-pod-security',
  doc: 'A namespace with pods enforces no Pod Security Standard, so any of them may take over its node.',
  severity: 'warning',
  *check({ index, closed }) {
    if (!closed) return;
    const used = new Set(index.workloads.map(({ namespace }) => namespace));
    for (const manifest of index.byKind('Namespace', '')) {
      const { name, labels } = manifest.object.metadata;
      if (enforcedLevel(labels) || !used.has(name)) continue;
      yield {
        manifest,
        field: 'metadata.labels',
        message: 'metadata.labels: no pod-security.kubernetes.io/enforce',
        fix: 'enforce restricted, or the strictest level that the pods pass',
      };
    }
  },
  breaks: inNamespace('restricted', secure).replace(/, labels: .*}}/, '}'),
  passes: inNamespace('restricted', secure),
};

export const securityRules: readonly Rule[] = [
  podSecurity(
    'baseline',
    ['baseline', 'restricted'],
    inNamespace('baseline', 'hostNetwork: true, containers: [{name: api}]'),
    inNamespace('baseline', 'containers: [{name: api}]'),
  ),
  podSecurity(
    'restricted',
    ['restricted'],
    inNamespace('restricted', secure.replace('drop: [ALL]', 'drop: [NET_RAW]')),
    inNamespace('restricted', secure),
  ),
  meshBreaksPodSecurity,
  noPodSecurity,
];
