import { at, maps, number, text } from '../resolve/json.ts';
import type { Workload } from '../resolve/workloads.ts';
import type { Refusal } from './refused.ts';
import type { Rule } from './rule.ts';

// Fields of a pod template that are right one by one and refused together.

/** A rule about pod templates. */
function refused(
  name: string,
  doc: string,
  find: (workload: Workload) => Iterable<Refusal>,
  breaks: string,
  passes: string,
): Rule {
  return {
    name,
    doc,
    severity: 'error',
    *check({ index }) {
      for (const workload of index.workloads) {
        for (const refusal of find(workload)) yield { manifest: workload.manifest, ...refusal };
      }
    },
    breaks,
    passes,
  };
}

const pod = (spec: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, image: api:1}], ${spec}}`;
const job = (spec: string) => `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: notifi}
spec: {template: {spec: {containers: [{name: migrate, image: migrate:1}], ${spec}}}}`;
export const refusedPodRules: readonly Rule[] = [
  refused(
    'restart-policy',
    'A Job ends and its pods must not restart always; pods of a Deployment, StatefulSet or DaemonSet always restart.',
    function* ({ manifest, pod, podPath }) {
      const { kind } = manifest.object;
      const ends = kind === 'Job' || kind === 'CronJob';
      if (!ends && !['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(kind)) return;
      const written = text(pod.restartPolicy) ?? 'Always';
      const allowed = ends ? ['OnFailure', 'Never'] : ['Always'];
      if (allowed.includes(written) || written.includes('${')) return;
      yield {
        field: `${podPath}.restartPolicy`,
        message: `${podPath}.restartPolicy: ${written} is refused for a ${kind}`,
        fix: `write ${allowed.join(' or ')}`,
      };
    },
    job('terminationGracePeriodSeconds: 5'),
    job('restartPolicy: Never'),
  ),
  refused(
    'grace-too-short',
    'A preStop sleep that is longer than terminationGracePeriodSeconds.',
    function* ({ pod, containers }) {
      const grace = number(pod.terminationGracePeriodSeconds) ?? 30;
      for (const { path, spec } of containers) {
        const seconds = number(at(spec, 'lifecycle', 'preStop', 'sleep', 'seconds'));
        if (seconds === undefined || seconds <= grace) continue;
        const field = `${path}.lifecycle.preStop.sleep.seconds`;
        yield {
          field,
          message: `${field}: ${seconds}, and the pod is given ${grace}`,
          fix: `sleep for less, or set terminationGracePeriodSeconds above ${seconds}`,
        };
      }
    },
    pod('terminationGracePeriodSeconds: 5').replace(
      'image: api:1',
      'image: api:1, lifecycle: {preStop: {sleep: {seconds: 10}}}',
    ),
    pod('terminationGracePeriodSeconds: 15').replace(
      'image: api:1',
      'image: api:1, lifecycle: {preStop: {sleep: {seconds: 10}}}',
    ),
  ),
  refused(
    'toleration-without-key',
    'A toleration without a key takes every taint, which only the operator Exists may say.',
    function* ({ pod, podPath }) {
      for (const [number, { key, operator }] of maps(pod.tolerations).entries()) {
        if (key || operator === 'Exists') continue;
        const field = `${podPath}.tolerations[${number}]`;
        yield {
          field,
          message: `${field}: no key, and the operator is ${text(operator) ?? 'Equal'}`,
          fix: 'name the key, or write operator: Exists',
        };
      }
    },
    pod('tolerations: [{effect: NoSchedule}]'),
    pod('tolerations: [{operator: Exists, effect: NoSchedule}]'),
  ),
];
