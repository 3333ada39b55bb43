import type { App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { PROXY } from '../../constructs/mesh.ts';
import { environmentOf } from '../../imports/environment.ts';
import { charts } from '../versions.ts';
import { identityOf, webhookCertificates } from './linkerd-certificates.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

export interface LinkerdFacts {
  /** Where the nodes' CNI plugins and their configuration lie; of K3s in `k3sCni`. */
  readonly cni: { readonly binDir: string; readonly netDir: string };
  /** Of each part of the control plane; two survive the loss of a node. @default 2 */
  readonly replicas?: number;
  /** Name under which a browser asks for the dashboard; it answers to no other. @default - only inside of the cluster */
  readonly dashboard?: string;
}

/** What Linkerd stands on. */
interface Needs {
  readonly monitors: IConstruct;
  readonly certManager: IConstruct;
  readonly trustManager: IConstruct;
  readonly gatewayApi: IConstruct;
}

const NAMESPACE = 'linkerd';

const images = (...names: string[]) => names.map((name) => `cr.l5d.io/linkerd/${name}`);

/**
 * Linkerd: its kinds, a CNI plugin in place of privileged init containers (so that meshed namespaces can stay restricted), the
 * control plane, and viz, which asks the environment's own Prometheus.
 *
 * Proxies are known by certificates. Their issuer's certificate lasts two days and is renewed every day. The trust anchor above
 * it is renewed in its ninth year with the key it has: what is signed with that key stays trusted by proxies that have
 * not restarted yet. Certificates of webhooks are cert-manager's too, since the chart's own end after a year.
 * @see https://linkerd.io/2-edge/tasks/automatically-rotating-control-plane-tls-credentials/
 */
export function linkerd(app: App, { monitors, certManager, trustManager, gatewayApi }: Needs, facts: LinkerdFacts) {
  const { cni, replicas = 2 } = facts;
  const resources = (memory: string) => ({ cpu: { request: '20m' }, memory: { request: memory, limit: '250Mi' } });

  const chart = part(app, NAMESPACE);
  const { network } = environmentOf(chart);
  const crds = new ChartRelease(chart, 'linkerd-crds', {
    ...charts['linkerd-crds'],
    uses: [gatewayApi],
    provides: { kinds: ['policy.linkerd.io/*', 'linkerd.io/*', 'workload.linkerd.io/*'] },
  });
  // It mounts folders of the nodes.
  const plugin = new ChartRelease(part(app, 'linkerd-cni', { podSecurity: 'privileged' }), 'linkerd2-cni', {
    ...charts['linkerd2-cni'],
    values: {
      destCNIBinDir: cni.binDir,
      destCNINetDir: cni.netDir,
      // Restarts pods that came up on a new node before the plugin was there.
      repairController: {
        enabled: true,
        resources: { cpu: { request: '5m' }, memory: { request: '20Mi', limit: '64Mi' } },
      },
      resources: { cpu: { request: '5m' }, memory: { request: '20Mi', limit: '64Mi' } },
    },
    runs: [pods('linkerd-cni', 'every-node', room('10m', '40Mi', '128Mi'), images('cni-plugin'), { everywhere: true })],
  });

  const identity = identityOf(chart, certManager, trustManager);
  const webhooks = webhookCertificates(chart, certManager, [
    ['linkerd-proxy-injector', 'linkerd-proxy-injector-k8s-tls'],
    ['linkerd-sp-validator', 'linkerd-sp-validator-k8s-tls'],
    ['linkerd-policy-validator', 'linkerd-policy-validator-k8s-tls'],
  ]);
  const injected = (name: string) => ({ externalSecret: true, injectCaFrom: `${NAMESPACE}/${name}` });
  const controlPlane = new ChartRelease(chart, 'linkerd-control-plane', {
    ...charts['linkerd-control-plane'],
    values: {
      cniEnabled: true,
      clusterNetworks: [network.pods, network.services].join(','),
      controllerReplicas: replicas,
      enablePodAntiAffinity: replicas > 1,
      enablePodDisruptionBudget: replicas > 1,
      // A pod that came up without a proxy would be turned away by everyone; better it waits for the injector.
      webhookFailurePolicy: 'Fail',
      identity: { externalCA: true, issuer: { scheme: 'kubernetes.io/tls' } },
      proxyInjector: injected('linkerd-proxy-injector'),
      profileValidator: injected('linkerd-sp-validator'),
      policyValidator: injected('linkerd-policy-validator'),
      proxy: { nativeSidecar: true, resources: PROXY },
      policyController: { resources: resources('50Mi') },
      destinationResources: resources('50Mi'),
      identityResources: resources('20Mi'),
      proxyInjectorResources: resources('50Mi'),
      spValidatorResources: resources('50Mi'),
      // It tells the makers of Linkerd which version runs here.
      disableHeartBeat: true,
      podMonitor: { enabled: true, scrapeInterval: '30s' },
    },
    uses: [monitors, crds, plugin, identity, webhooks],
    // Each with a proxy; of the first, three containers beside it.
    runs: [
      pods('linkerd-destination', replicas, room('70m', '182Mi', '878Mi'), images('controller', 'proxy')),
      pods('linkerd-identity', replicas, room('30m', '52Mi', '378Mi'), images('controller', 'proxy')),
      pods('linkerd-proxy-injector', replicas, room('30m', '82Mi', '378Mi'), images('controller', 'proxy')),
    ],
    provides: {
      objects: [
        { kind: 'Service', namespace: NAMESPACE, name: 'linkerd-dst', ports: [8086, 'grpc'] },
        { kind: 'Service', namespace: NAMESPACE, name: 'linkerd-policy', ports: [8090, 'grpc'] },
        { kind: 'Service', namespace: NAMESPACE, name: 'linkerd-identity', ports: [8080, 'grpc'] },
      ],
    },
  });
  viz(app, facts, certManager, controlPlane);
  return controlPlane;
}

/** Dashboard, metrics and tap. */
function viz(app: App, { dashboard }: LinkerdFacts, certManager: IConstruct, controlPlane: IConstruct) {
  const namespace = 'linkerd-viz';
  const chart = part(app, namespace);
  const webhooks = webhookCertificates(chart, certManager, [
    ['tap', 'tap-k8s-tls'],
    ['tap-injector', 'tap-injector-k8s-tls'],
  ]);
  const injected = (name: string) => ({ externalSecret: true, injectCaFrom: `${namespace}/${name}` });
  const resources = { cpu: { request: '10m' }, memory: { request: '50Mi', limit: '250Mi' } };
  const hosts = ['localhost', '127\\.0\\.0\\.1', `web\\.${namespace}\\.svc(\\.cluster\\.local)?`];
  new ChartRelease(chart, 'linkerd-viz', {
    ...charts['linkerd-viz'],
    values: {
      cniEnabled: true,
      prometheus: { enabled: false },
      prometheusUrl: 'http://kube-prometheus-stack-prometheus.monitoring.svc.cluster.local:9090',
      metricsAPI: { resources },
      tap: { ...injected('tap'), resources },
      tapInjector: { ...injected('tap-injector'), resources },
      dashboard: {
        resources,
        enforcedHostRegexp: `^(${[...hosts, ...(dashboard ? [dashboard.replaceAll('.', '\\.')] : [])].join('|')})(:\\d+)?$`,
      },
    },
    uses: [controlPlane, webhooks],
    runs: [
      ['metrics-api', 'metrics-api'],
      ['tap', 'tap'],
      ['tap-injector', 'tap'],
      ['web', 'web'],
    ].map(([name = '', image = '']) => pods(name, 1, room('20m', '82Mi', '378Mi'), images(image, 'proxy'))),
    provides: {
      objects: [{ kind: 'Service', namespace, name: 'web', ports: [8084, 'http'] }],
    },
  });
}
