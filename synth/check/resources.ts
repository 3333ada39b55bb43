import { quantity } from '../../imports/quantity.ts';
import { map, maps } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Rule } from './rule.ts';

const pod = (resources: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, resources: ${resources}}]}
`;

/** The defaults that LimitRanges of the namespace give a container: https://kubernetes.io/docs/concepts/policy/limit-range/ */
export function containerDefaults(index: Index, namespace: string) {
  const requests: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const { object } of index.byKind('LimitRange', '')) {
    if ((object.metadata.namespace ?? '') !== namespace) continue;
    for (const { type, defaultRequest, default: defaults } of maps(map(object.spec).limits)) {
      if (type !== 'Container') continue;
      // Where only a limit is given, it is the request too.
      Object.assign(requests, map(defaults), map(defaultRequest));
      Object.assign(limits, map(defaults));
    }
  }
  return { requests, limits };
}

const missingResources: Rule = {
  name: 'missing-resources',
  doc: 'Without requests the scheduler overfills nodes; without a memory limit one leak takes the whole node down.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, namespace, containers, pod } of index.workloads) {
      if (map(pod.resources).requests) continue;
      const defaults = containerDefaults(index, namespace);
      for (const { path, name, requests, limits } of containers) {
        const missing = [
          (requests.cpu ?? limits.cpu ?? defaults.requests.cpu) ? '' : 'requests.cpu',
          (requests.memory ?? limits.memory ?? defaults.requests.memory) ? '' : 'requests.memory',
          (limits.memory ?? defaults.limits.memory) ? '' : 'limits.memory',
        ].filter(Boolean);
        if (!missing.length) continue;
        const field = `${path}.resources`;
        yield {
          manifest,
          field,
          severity: closed ? 'error' : 'warning',
          message: `${field}: container "${name}" has no ${missing.join(', ')}`,
          fix: 'give it a size, or the three values',
        };
      }
    }
  },
  breaks: pod('{requests: {cpu: 100m}}'),
  passes: pod('{requests: {cpu: 100m}, limits: {memory: 128Mi}}'),
};

const limitBelowRequest: Rule = {
  name: 'limit-below-request',
  doc: 'A limit below its request is refused.',
  severity: 'error',
  *check({ index }) {
    for (const { manifest, containers } of index.workloads) {
      for (const { path, requests, limits } of containers) {
        for (const resource in limits) {
          const request = quantity(requests[resource]);
          const limit = quantity(limits[resource]);
          if (request === undefined || limit === undefined || request <= limit) continue;
          const field = `${path}.resources.limits.${resource}`;
          const message = `${field}: ${limits[resource]} is below the request of ${requests[resource]}`;
          yield { manifest, field, message, fix: 'raise the limit, or lower the request' };
        }
      }
    }
  },
  breaks: pod('{requests: {memory: 1Gi}, limits: {memory: 1000Mi}}'),
  passes: pod('{requests: {memory: 1Gi}, limits: {memory: 1024Mi}}'),
};

export const resourceRules: readonly Rule[] = [missingResources, limitBelowRequest];
