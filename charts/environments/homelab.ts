import type { Environment } from '../../imports/environment.ts';
import { assumed } from '../homelab/assumed.ts';
import { homelab } from '../homelab/homelab.ts';
import { k3s } from '../platform/k3s.ts';
import { collectorOtlp } from '../platform/opentelemetry-collector.ts';
import { platform } from '../platform/platform.ts';

// The homelab of "Phase 2". What its plan leaves open stands in charts/homelab/assumed.ts.
const { names, ...machine } = assumed.nodes.value;
const { nodes, controlPlane } = assumed.network.value;
const domain = assumed.domain.value;
const people = assumed.people.value;

export interface HomelabSwitches {
  /** Without it there is no collector, and the SDKs of its clients are off. Jaeger, once there is one: `traces: { endpoint: 'jaeger.jaeger.svc:4317' }`. */
  readonly telemetry: boolean;
  /** What Flux reads: the plan's cluster cannot reach its git server, and reads artifacts from the registry in the house. */
  readonly source: 'git' | 'oci';
}

export const homelabWith = ({ telemetry, source }: HomelabSwitches): Environment => ({
  ...k3s,
  name: 'homelab',
  repository: { kind: source, url: people.repository, branch: 'main', interval: '30s' },
  // Nobody in the cluster can commit where it cannot reach git.
  imageTags: source === 'git' ? 'flux' : 'ci',
  nodes: names.map((name) => ({ name, ...machine, labels: { 'capability/page-size': assumed['page size'].value } })),
  domain,
  // Plain HTTP: `npm run registries -- homelab` prints what K3s has to be told about it.
  registries: { own: { prefix: assumed.registry.value, insecure: true } },
  // A push is running in less than two minutes: docs/homelab.md adds it up.
  flux: { ...k3s.flux, scanInterval: '30s' },
  network: { ...k3s.network, nodes: [nodes], apiServer: { cidr: controlPlane, port: 6443 } },
  ...(telemetry && { otlp: collectorOtlp }),
  systems: [
    platform({
      email: `admin@${domain}`,
      alerts: { slack: { channel: people.slack } },
      monitoring: {
        retention: '15d',
        storage: '20Gi',
        memory: { request: '512Mi', limit: '2Gi' },
        grafana: `grafana.${domain}`,
        dns: 'coreDns',
      },
      loki: { retention: '7d', storage: '20Gi' },
      logs: true,
      ...(telemetry && { collector: { sampling: 10 } }),
      dashboards: ['postgresql', 'redis'],
    }),
    homelab,
  ],
});

export default homelabWith({ telemetry: true, source: 'oci' });
