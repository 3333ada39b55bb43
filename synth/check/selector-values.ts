import { type Json, maps } from '../resolve/json.ts';
import { type Refusal, refused } from './refused.ts';

const deployment = (spec: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api:1}]}}, ${spec}}`;

export const selectorValues = refused(
  'selector-values',
  'A selector with In or NotIn lists values; one with Exists or DoesNotExist does not.',
  [
    'apps/Deployment',
    'apps/StatefulSet',
    'apps/DaemonSet',
    'networking.k8s.io/NetworkPolicy',
    'policy/PodDisruptionBudget',
  ],
  ({ spec }) => expressions(spec, 'spec'),
  deployment('selector: {matchExpressions: [{key: app, operator: In}]}'),
  deployment('selector: {matchExpressions: [{key: app, operator: Exists}]}'),
);

function* expressions(value: unknown, path: string): Iterable<Refusal> {
  if (Array.isArray(value)) for (const [at, item] of value.entries()) yield* expressions(item, `${path}[${at}]`);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value as Json)) {
      if (typeof item === 'object') yield* expressions(item, `${path}.${key}`);
      if (key !== 'matchExpressions') continue;
      for (const [at, { operator, values }] of maps(item).entries()) {
        const some = Array.isArray(values) && values.length > 0;
        const wanted = operator === 'In' || operator === 'NotIn';
        if (some === wanted || !/^(In|NotIn|Exists|DoesNotExist)$/.test(`${operator}`)) continue;
        const field = `${path}.${key}[${at}].values`;
        yield {
          field,
          message: `${field}: ${some ? 'listed' : 'none'}, and the operator is ${operator}`,
          fix: some ? 'remove them' : 'list them, or write operator: Exists',
        };
      }
    }
  }
}
