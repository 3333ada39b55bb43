// A cluster with Linkerd and Knative, and in it every kind of store, and services, a broker and a worker as Notifi has them.
import { type App, Chart } from 'cdk8s';
import lab from '../../charts/environments/lab.ts';
import { lab as stores } from '../../charts/lab/lab.ts';
import { k3sCni } from '../../charts/platform/k3s.ts';
import { type PlatformFacts, platform } from '../../charts/platform/platform.ts';
import { images } from '../../charts/versions.ts';
import { EventBroker } from '../../constructs/event-broker.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { KnativeWorker } from '../../constructs/knative-worker.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { NotifiService } from '../../constructs/notifi-service.ts';
import { RabbitmqCluster } from '../../constructs/rabbitmq.ts';
import type { Environment } from '../../imports/environment.ts';

function notifi(app: App) {
  const messaging = new Chart(app, 'messaging', { namespace: 'messaging', disableResourceNameHashes: true });
  new Namespace(messaging, 'namespace');
  const rabbitmq = new RabbitmqCluster(messaging, 'notifi-rabbitmq', {
    members: 3,
    storage: '5Gi',
    size: 'large',
    image: images.rabbitmq,
    vhosts: { notifi: {} },
    clients: ['notifi'],
    topologyFrom: ['events'],
  });
  const chart = new Chart(app, 'notifi', { namespace: 'notifi', disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');
  // Apart, since the pods that Knative makes for a broker would not pass where services are.
  const brokers = new Chart(app, 'events', { namespace: 'events', disableResourceNameHashes: true });
  new Namespace(brokers, 'namespace', { podSecurity: 'baseline' });
  const own = new OwnImages(chart, 'images');
  const processor = new NotifiService(chart, 'event-processor', {
    image: own.own('event-processor', '1.0.0'),
    size: 'medium',
    listens: { http: 5000, grpc: 5001, metrics: 9090 },
    uses: [rabbitmq.vhost('notifi')],
  });
  const events = new EventBroker(brokers, 'events', { cluster: rabbitmq, deadLetters: processor });
  new KnativeWorker(chart, 'sms-messenger', {
    image: own.own('sms-messenger', '1.0.0'),
    size: 'small',
    on: [events.event('notification.sms')],
    scale: { max: 5, concurrency: 10 },
    uses: [rabbitmq.vhost('notifi')],
    calls: [processor.on('grpc')],
  });
  const gateway = new NotifiService(chart, 'gateway', {
    image: own.own('gateway', '1.0.0'),
    size: 'small',
    listens: { http: 5000, grpc: 5001, metrics: 9090 },
    uses: [events],
  });
  new Ingress(chart, 'api', { host: 'api.example.net', routes: { '/': gateway } });
}

export const facts: PlatformFacts = {
  email: 'a@example.net',
  alerts: { slack: { channel: '#a' } },
  monitoring: { retention: '7d', storage: '20Gi', dns: 'coreDns' },
  nfs: { server: 'nas.example.net', share: '/volume1' },
  operators: { rabbitmq: true, kafka: ['lab'] },
  linkerd: { cni: k3sCni, dashboard: 'linkerd.example.net' },
  knative: {},
};
export const meshed = {
  ...lab,
  name: 'meshed',
  mesh: 'linkerd',
  otlp: undefined,
  systems: [platform(facts), stores, notifi],
} as Environment;
