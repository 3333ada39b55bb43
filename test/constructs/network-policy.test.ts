import { describe, expect, test } from '@jest/globals';
import { NetworkPolicy } from '../../constructs/network-policy.ts';
import { render } from './render.ts';

const pods = { namespace: 'shop', labels: { app: 'web' } };

const policy = (open: (policy: NetworkPolicy) => void = () => {}) => {
  const rendered = render((chart) => {
    const made = new NetworkPolicy(chart, 'network-policy', { name: 'web', pods });
    open(made);
  });
  return { ...rendered, spec: rendered.find('NetworkPolicy', 'web').spec };
};

describe('NetworkPolicy', () => {
  test('closes the pods to everything but DNS', () => {
    const { spec, relations } = policy();
    expect(spec).toEqual({
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    });
    expect(relations.flatMap(({ flows = [] }) => flows.map(({ port, protocol }) => `${port}/${protocol}`))).toEqual([
      '53/UDP',
      '53/TCP',
    ]);
  });

  test('opens pods, addresses and built-in ends, one rule per peer', () => {
    const { spec } = policy((made) => {
      const neighbour = { namespace: 'shop', labels: { app: 'db' } };
      made.allowTo({ to: neighbour, port: 6432 });
      made.allowTo({ to: neighbour, port: 5432 });
      made.allowTo({ to: neighbour, port: 5432 });
      made.allowTo({ to: { cidr: '203.0.113.0/24', except: ['203.0.113.7/32'] }, port: 443 });
      made.allowTo({ to: { builtin: 'api-server' }, port: 6443 });
      made.allowFrom({ builtin: 'kubelet' }, 8080);
      made.allowFrom({ namespace: 'other', labels: { app: 'client' } }, 8080);
    });
    expect(spec.egress).toHaveLength(4);
    expect(spec.egress).toContainEqual({
      to: [{ podSelector: { matchLabels: { app: 'db' } } }],
      ports: [
        { protocol: 'TCP', port: 5432 },
        { protocol: 'TCP', port: 6432 },
      ],
    });
    expect(spec.egress).toContainEqual({
      to: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.7/32'] } }],
      ports: [{ protocol: 'TCP', port: 443 }],
    });
    expect(spec.egress).toContainEqual({
      to: [{ ipBlock: { cidr: '192.168.1.10/32' } }],
      ports: [{ protocol: 'TCP', port: 6443 }],
    });
    expect(spec.ingress).toEqual([
      { from: [{ ipBlock: { cidr: '192.168.1.0/24' } }], ports: [{ protocol: 'TCP', port: 8080 }] },
      {
        from: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } },
            podSelector: { matchLabels: { app: 'client' } },
          },
        ],
        ports: [{ protocol: 'TCP', port: 8080 }],
      },
    ]);
  });

  test('does not depend on the order in which it was opened', () => {
    const ends = ['a', 'b', 'c'].map((app) => ({ namespace: 'shop', labels: { app } }));
    const opened = (order: typeof ends) =>
      policy((made) => {
        for (const to of order) made.allowTo({ to, port: 80 });
      });
    expect(opened([...ends].reverse()).spec).toEqual(opened(ends).spec);
  });
});
