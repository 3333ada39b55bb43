import { map, text } from '../resolve/json.ts';
import { unknowable } from '../resolve/links.ts';
import type { Rule } from './rule.ts';
import { scheduleFault } from './schedule.ts';

const pod = (spec: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api}], ${spec}}
`;

const serviceLinks: Rule = {
  name: 'service-links',
  doc: 'Service links put a variable into each container for every Service of the namespace: API_PORT=tcp://... breaks programs that read API_PORT.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, pod, podPath } of index.workloads) {
      // Knative turns them off itself.
      if (pod.enableServiceLinks === false || manifest.object.apiVersion.startsWith('serving.knative.dev/')) continue;
      const field = `${podPath}.enableServiceLinks`;
      yield {
        manifest,
        field,
        severity: closed ? 'error' : 'info',
        message: `${field}: on, so every Service of the namespace adds variables like API_PORT=tcp://...`,
        fix: 'set it to false',
      };
    }
  },
  breaks: pod('restartPolicy: Always'),
  passes: pod('enableServiceLinks: false'),
};

const invalidSchedule: Rule = {
  name: 'invalid-schedule',
  doc: 'A CronJob schedule that cannot be read is refused; one that never comes never runs.',
  severity: 'error',
  *check({ index }) {
    for (const manifest of index.byKind('CronJob', 'batch')) {
      const schedule = text(map(manifest.object.spec).schedule);
      const fault = schedule && !unknowable(schedule) && scheduleFault(schedule);
      if (!fault) continue;
      const fix = 'write minute, hour, day of month, month and day of week, or @hourly, @daily, @weekly, @monthly';
      yield { manifest, field: 'spec.schedule', message: `spec.schedule: "${schedule}": ${fault}`, fix };
    }
  },
  breaks:
    '{apiVersion: batch/v1, kind: CronJob, metadata: {name: backup, namespace: notifi}, spec: {schedule: "0 25 * * *"}}',
  passes:
    '{apiVersion: batch/v1, kind: CronJob, metadata: {name: backup, namespace: notifi}, spec: {schedule: "*/15 0-6,22 * jan-mar,12 mon-fri"}}',
};

const plaintextSecret: Rule = {
  name: 'secret-plaintext',
  doc: 'A Secret with its values in the clear would be committed to git, where it stays for ever.',
  severity: 'error',
  *check({ index, closed }) {
    if (!closed) return;
    for (const manifest of index.byKind('Secret', '')) {
      const { data, stringData } = manifest.object;
      const keys = [...Object.keys(map(data)), ...Object.keys(map(stringData))];
      if (!keys.length || manifest.object.sops) continue;
      yield {
        manifest,
        field: data ? 'data' : 'stringData',
        message: `the Secret holds ${keys.length === 1 ? 'the value' : 'the values'} of ${keys.join(', ')} in the clear`,
        fix: 'declare a Credential instead: sealed, external or generated; a value that was ever committed has to be changed',
      };
    }
  },
  breaks:
    '{apiVersion: v1, kind: Secret, metadata: {name: postgres, namespace: notifi}, stringData: {password: example}}',
  passes:
    '{apiVersion: v1, kind: Secret, metadata: {name: token, namespace: notifi}, type: kubernetes.io/service-account-token}',
};

const exposedService: Rule = {
  name: 'exposed-service',
  doc: 'A NodePort or LoadBalancer opens the Service beside the ingress, its TLS, limits and logs.',
  severity: 'warning',
  *check({ index, closed }) {
    if (!closed) return;
    for (const manifest of index.byKind('Service', '')) {
      const { type } = map(manifest.object.spec);
      if (type !== 'NodePort' && type !== 'LoadBalancer') continue;
      const fix = 'use ClusterIP and an Ingress, or allow it here with the reason';
      yield { manifest, field: 'spec.type', message: `spec.type: ${type} is reachable from outside the cluster`, fix };
    }
  },
  breaks:
    '{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {type: NodePort, ports: [{port: 80}]}}',
  passes: '{apiVersion: v1, kind: Service, metadata: {name: api, namespace: notifi}, spec: {ports: [{port: 80}]}}',
};

export const podRules: readonly Rule[] = [serviceLinks, invalidSchedule, plaintextSecret, exposedService];
