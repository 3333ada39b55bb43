import { expect, test } from '@jest/globals';
import { rules } from '../../synth/check/check.ts';

/** Every rule of https://github.com/tommy351/kosko/tree/master/plugins/lint, and ours that finds the same; their examples are their test. */
const COVERED: Readonly<Record<string, readonly string[]>> = {
  'ban-image': ['mutable-image', 'retired-image'],
  'ban-namespace': ['default-namespace'],
  'ban-service-type': ['exposed-service'],
  'no-missing-config-map': ['missing-config-map', 'missing-config-map-key'],
  'no-missing-gateway': ['missing-gateway'],
  'no-missing-gateway-class': ['missing-class'],
  'no-missing-namespace': ['missing-namespace'],
  'no-missing-pod-volume-mount': ['unknown-volume', 'unused-volume'],
  'no-missing-pv': ['missing-volume'],
  'no-missing-pvc': ['missing-volume-claim'],
  'no-missing-role': ['missing-role', 'token-without-role'],
  'no-missing-scale-target': ['missing-scale-target'],
  'no-missing-secret': ['missing-secret', 'missing-secret-key'],
  'no-missing-service': ['missing-service', 'missing-service-port', 'missing-target-port'],
  'no-missing-service-account': ['missing-service-account'],
  'no-replicas-with-hpa': ['replicas-with-autoscaler'],
  'require-container-image': ['missing-image'],
  'require-container-port-name': ['unnamed-port'],
  'require-container-resources': ['missing-resources', 'limit-below-request'],
  'require-env-name': ['missing-field'],
  'require-image-tag': ['mutable-image'],
  'require-namespace': ['wrong-scope'],
  'require-probe': ['missing-readiness-probe', 'same-probes'],
  'require-security-context': ['pod-security-baseline', 'pod-security-restricted', 'no-pod-security'],
  'require-service-port-name': ['unnamed-port'],
  'require-service-selector': ['service-without-selector', 'service-selects-nothing'],
  'unique-container-name': ['duplicate-list-key'],
  'unique-container-port-name': ['duplicate-port-name'],
  'unique-env-name': ['duplicate-list-key'],
  'unique-service-port-name': ['duplicate-port-name'],
  'valid-cron-job-schedule': ['invalid-schedule'],
  'valid-hpa-replicas': ['autoscaler-bounds', 'autoscaler-without-request'],
  'valid-pod-selector': ['selector-mismatch'],
  'valid-probe-port': ['probe-port'],
};

test('all 34 rules of kosko have one here', () => {
  expect(Object.keys(COVERED)).toHaveLength(34);
  const known = new Set(rules.map(({ name }) => name));
  expect(
    Object.values(COVERED)
      .flat()
      .filter((name) => !known.has(name)),
  ).toEqual([]);
});
