import { describe, expect, test } from '@jest/globals';
import { Namespace, type NamespaceProps } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import { render } from './render.ts';

const namespace = (props?: NamespaceProps) => render((chart) => new Namespace(chart, 'namespace', props));

describe('Namespace', () => {
  test('bounds what is rendered in it at the busiest, and a part more', () => {
    const { find, problems } = render((chart) => {
      new Namespace(chart, 'namespace', { quota: { headroom: 50 } });
      const size = { cpu: '250m', memory: '256Mi', memoryLimit: '512Mi' };
      new Workload(chart, 'api', { image: 'api:1.0.0', size, scale: { min: 1, max: 3 } });
    });
    expect(problems).toEqual([]);
    // Three pods and one more of a rollout.
    expect(find('ResourceQuota', 'quota').spec.hard).toMatchObject({
      pods: '6',
      'requests.cpu': '1500m',
      'requests.memory': '1536Mi',
      'limits.memory': '3072Mi',
    });
    expect(find('LimitRange', 'limits').spec.limits).toEqual([
      {
        type: 'Container',
        max: { memory: '512Mi' },
        default: { memory: '256Mi' },
        defaultRequest: { cpu: '10m', memory: '32Mi' },
      },
    ]);
  });

  test('that nothing runs in takes no pod, and its limits are ones that the API server takes', () => {
    const { find } = namespace({ quota: { headroom: 50 } });
    expect(find('ResourceQuota', 'quota').spec.hard).toMatchObject({ pods: '0' });
    expect(find('LimitRange', 'limits').spec.limits).toEqual([
      { type: 'Container', default: { memory: '256Mi' }, defaultRequest: { cpu: '10m', memory: '32Mi' } },
    ]);
  });

  test('is restricted by the rules of the cluster version, and closed', () => {
    const { find, names } = namespace();
    expect(names).toEqual(['Namespace -/shop', 'NetworkPolicy shop/default-deny']);
    expect(find('Namespace', 'shop').metadata.labels).toEqual({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'v1.34',
      'pod-security.kubernetes.io/audit': 'restricted',
      'pod-security.kubernetes.io/audit-version': 'v1.34',
      'pod-security.kubernetes.io/warn': 'restricted',
      'pod-security.kubernetes.io/warn-version': 'v1.34',
    });
    expect(find('NetworkPolicy', 'default-deny').spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
  });

  test('takes a level, a quota and limits', () => {
    const props: Required<NamespaceProps> = {
      name: 'jobs',
      podSecurity: 'baseline',
      network: 'open',
      quota: { pods: '40', 'limits.memory': '8Gi' },
      limits: {
        min: { cpu: '10m', memory: '32Mi' },
        max: { memory: '2Gi' },
        default: { memory: '256Mi' },
        defaultRequest: { cpu: '50m', memory: '128Mi' },
      },
    };
    const { find, problems } = namespace(props);
    expect(problems).toEqual([]);
    expect(find('NetworkPolicy', 'default-deny')).toBeUndefined();
    expect(find('Namespace', 'jobs').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('baseline');
    expect(find('ResourceQuota', 'quota', 'jobs').spec.hard).toEqual(props.quota);
    expect(find('LimitRange', 'limits', 'jobs').spec.limits).toEqual([{ type: 'Container', ...props.limits }]);
  });

  test.each<[string, NamespaceProps, string]>([
    [
      'a quantity that is none',
      { quota: { 'limits.memory': 'lots' } },
      'quota.limits.memory: "lots" is not a quantity; write it like 100m, 2, 256Mi',
    ],
    [
      'a minimum that turns sidecars away',
      { limits: { min: { cpu: '100m', memory: '32Mi' } } },
      'limits.min.cpu: 100m turns small sidecars away; at most 10m',
    ],
    [
      'a name that is no label',
      { name: 'Shop_1' },
      'name: "Shop_1" is not a DNS label, only a-z, 0-9 and - inside are allowed, a letter first; rename it',
    ],
  ])('refuses %s', (_, props, problem) => {
    expect(namespace(props).problems).toEqual([problem]);
  });
});
