import { ApiObject, App, Chart } from 'cdk8s';
import { ENVIRONMENT, type Environment, TAGS } from '../../imports/environment.ts';
import { RELATION, type Relation } from '../../imports/relations.ts';

export const environment: Environment = {
  name: 'test',
  kubernetes: '1.34',
  repository: { kind: 'git', url: 'ssh://git@git.test/fleet', branch: 'main' },
  nodes: [{ name: 'node-1', arch: 'arm64', cpu: '4', memory: '8Gi', disk: '256Gi' }],
  storageClasses: { 'local-path': { kind: 'node', default: true, expandable: false } },
  domain: 'example.test',
  ingress: { class: 'traefik', issuer: 'letsencrypt' },
  mesh: 'none',
  secrets: { kind: 'sealed' },
  registries: { own: { prefix: 'registry.test/team', pullSecret: 'registry' } },
  imageTags: 'flux',
  flux: { interval: '10m', retryInterval: '1m' },
  network: {
    pods: '10.42.0.0/16',
    services: '10.43.0.0/16',
    nodes: ['192.168.1.0/24'],
    apiServer: { cidr: '192.168.1.10/32', port: 6443 },
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    ingress: { namespace: 'kube-system', labels: { 'app.kubernetes.io/name': 'traefik' } },
    prometheus: { namespace: 'monitoring', labels: { 'app.kubernetes.io/name': 'prometheus' } },
  },
  provides: {},
  systems: [],
};

export interface Options extends Partial<Environment> {
  readonly tags?: Readonly<Record<string, string>>;
  readonly sealed?: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: assertions reach into plain objects of every kind.
type Plain = any;

/** Renders what `build` makes in a chart `shop` of the namespace `shop`. */
export function render(build: (chart: Chart) => void, { tags = {}, sealed = {}, ...overrides }: Options = {}) {
  const app = new App();
  app.node.setContext(ENVIRONMENT, { ...environment, ...overrides });
  app.node.setContext(TAGS, new Map(Object.entries(tags)));
  app.node.setContext('sealed', new Map(Object.entries(sealed)));
  const chart = new Chart(app, 'shop', { namespace: 'shop' });
  build(chart);
  const constructs = chart.node.findAll();
  const relations = constructs.flatMap(({ node }) => node.metadata.filter(({ type }) => type === RELATION));
  const objects: Plain[] = constructs.filter(ApiObject.isApiObject).map((object) => object.toJson());
  return {
    objects,
    names: objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? '-'}/${metadata.name}`).sort(),
    problems: constructs.flatMap(({ node }) => node.validate()),
    relations: relations.map(({ data }) => data as Relation),
    find: (kind: string, name: string, namespace?: string): Plain =>
      objects.find(
        (object) =>
          object.kind === kind &&
          object.metadata.name === name &&
          (namespace === undefined || object.metadata.namespace === namespace),
      ),
  };
}
