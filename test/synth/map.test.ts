import { describe, expect, test } from '@jest/globals';
import type { Rendered } from '../../synth/manifest.ts';
import { detailsOf } from '../../synth/map/details.ts';
import { layersOf } from '../../synth/map/layers.ts';
import { type Group, layOut, type Rect } from '../../synth/map/layout.ts';
import { mermaidOf } from '../../synth/map/mermaid.ts';
import { mapPage } from '../../synth/map/page.ts';
import { svgOf } from '../../synth/map/svg.ts';
import { fleet, object, unit } from './fleet.ts';
import { mapped, pods, podsOf, service, shopOf, store } from './map-world.ts';

const edgesOf = (...units: readonly Rendered[]) =>
  mapped(fleet(...units)).map.edges.map(({ from, to, how, over }) => [from, how, to, ...over]);

const route = (kind: string, spec: object) => unit('shop/routes', [object(kind, 'shop/routes', { spec })]);

describe('the model of a map', () => {
  test('has what calls and what is called, with ports', () => {
    const { map } = mapped(fleet(service('web', ['api', 'postgresql']), service('api'), store('postgresql')));
    expect(map.vertices.map(({ id, role }) => [id, role])).toEqual([
      ['Deployment shop/api', 'service'],
      ['Deployment shop/web', 'service'],
      ['StatefulSet shop/postgresql', 'store'],
    ]);
    expect(map.edges).toEqual(
      ['Deployment shop/api', 'StatefulSet shop/postgresql'].map((to) => ({
        from: 'Deployment shop/web',
        to,
        how: 'calls',
        over: ['TCP 8080'],
        platform: false,
      })),
    );
  });

  test('tells the internet, the API server and one address from each other', () => {
    const to = (cidr: string) => ({ from: pods('web'), to: { cidr }, port: 443 });
    const flows = ['0.0.0.0/0', '10.0.0.1/32', '192.168.1.20/32'].map(to);
    const { map } = mapped(fleet(service('web'), unit('shop/flows', [], { flows })));
    expect(map.vertices.filter(({ namespace }) => !namespace).map(({ name, role }) => [name, role])).toEqual([
      ['the internet', 'outside'],
      ['API server', 'platform'],
      ['192.168.1.20', 'outside'],
    ]);
    expect(map.edges.map(({ to: end, platform }) => [end, platform])).toEqual([
      ['0.0.0.0/0', false],
      ['10.0.0.1/32', true],
      ['192.168.1.20/32', false],
    ]);
  });

  test('counts as platform what a chart of the platform runs, and what only the cluster makes', () => {
    const flows = [
      { from: { builtin: 'prometheus' as const }, to: pods('web'), port: 9090 },
      { from: pods('web'), to: { namespace: 'tracing', labels: { app: 'collector' } }, port: 4317 },
    ];
    const runs = [{ namespace: 'tracing', name: 'collector', pods: 2, cpu: '100m', memory: '128Mi' }];
    const { map } = mapped(
      fleet(
        service('web'),
        unit('tracing/release', [object('v1 Namespace', 'tracing')], { platform: true, runs, flows }),
      ),
    );
    expect(map.vertices.filter(({ role }) => role === 'platform')).toMatchObject([
      { id: 'pods monitoring/prometheus', pods: [] },
      { id: 'pods tracing/collector', pods: [{ count: '2', nodes: { one: 1, two: 1 } }] },
    ]);
    expect(map.edges.every(({ platform }) => platform)).toBe(true);
  });

  test.each([
    [
      'networking.k8s.io/v1 Ingress',
      { rules: [{ host: 'a.example.org', http: { paths: [{ path: '/x', backend: { service: { name: 'web' } } }] } }] },
    ],
    [
      'gateway.networking.k8s.io/v1 HTTPRoute',
      {
        hostnames: ['a.example.org'],
        rules: [{ matches: [{ path: { value: '/x' } }], backendRefs: [{ name: 'web', port: 80 }] }],
      },
    ],
    [
      'traefik.io/v1alpha1 IngressRoute',
      { routes: [{ match: 'Host(`a.example.org`) && PathPrefix(`/x`)', services: [{ name: 'web', port: 80 }] }] },
    ],
  ])('leads from a host of %s to the pods behind it', (kind, spec) => {
    expect(edgesOf(service('web'), route(kind, spec))).toContainEqual([
      'host a.example.org',
      'routes',
      'Deployment shop/web',
      '/x',
    ]);
  });

  test('leads from a host to a Service that nothing here renders', () => {
    const rules = [{ http: { paths: [{ backend: { service: { name: 'grafana' } } }] } }];
    expect(edgesOf(route('networking.k8s.io/v1 Ingress', { rules }))).toEqual([
      ['host any host', 'routes', 'pods shop/grafana', '/'],
    ]);
  });

  test('shows who writes to a topic of Kafka and who reads it, by the passwords they hold, whatever else has its name', () => {
    const labels = { 'strimzi.io/cluster': 'events' };
    const topic = object('kafka.strimzi.io/v1 KafkaTopic', 'shop/orders', { labels, spec: {} });
    const user = (name: string, operation: string) =>
      object('kafka.strimzi.io/v1 KafkaUser', `shop/${name}`, {
        labels,
        spec: {
          authorization: { acls: [{ resource: { type: 'topic', name: 'orders' }, operations: [operation] }] },
        },
      });
    const holding = (name: string) => ({ envFrom: [{ secretRef: { name } }] });
    const { map } = mapped(
      fleet(
        unit('shop/events', [
          object('rabbitmq.com/v1beta1 RabbitmqCluster', 'shop/events', { spec: {} }),
          object('kafka.strimzi.io/v1 Kafka', 'shop/events', { spec: {} }),
          topic,
          user('writer', 'Write'),
          user('reader', 'Read'),
        ]),
        service('web', [], holding('writer')),
        service('mail', [], holding('reader')),
      ),
    );
    expect(map.vertices.find(({ name }) => name === 'orders')).toMatchObject({
      role: 'topic',
      on: 'Kafka shop/events',
    });
    expect(map.edges.map(({ from, how, to }) => [from, how, to])).toEqual([
      ['Deployment shop/web', 'publishes', 'KafkaTopic shop/orders'],
      ['KafkaTopic shop/orders', 'reads', 'Deployment shop/mail'],
    ]);
  });

  test('shows what an exchange hands to a queue, and pods of a broker as the broker', () => {
    const spec = { rabbitmqClusterReference: { name: 'rabbit' }, vhost: 'shop' };
    const rabbit = { namespace: 'shop', labels: { 'app.kubernetes.io/name': 'rabbit' } };
    const edges = edgesOf(
      service('web'),
      unit(
        'shop/rabbit',
        [
          object('rabbitmq.com/v1beta1 RabbitmqCluster', 'shop/rabbit', { spec: { replicas: 3 } }),
          object('rabbitmq.com/v1beta1 Exchange', 'shop/e', { spec: { ...spec, name: 'orders' } }),
          object('rabbitmq.com/v1beta1 Queue', 'shop/q', { spec: { ...spec, name: 'mails' } }),
          object('rabbitmq.com/v1beta1 Binding', 'shop/b', {
            spec: { ...spec, source: 'orders', destination: 'mails', destinationType: 'queue', routingKey: 'order.#' },
          }),
        ],
        { flows: [{ from: pods('web'), to: rabbit, port: 5672 }] },
      ),
    );
    expect(edges).toEqual([
      ['Deployment shop/web', 'calls', 'RabbitmqCluster shop/rabbit', 'TCP 5672'],
      ['Exchange shop/e', 'delivers', 'Queue shop/q', 'order.#'],
    ]);
  });

  test('shows what a broker of Knative hands to whom', () => {
    const template = podsOf('mail');
    const filter = { attributes: { type: 'order.paid' } };
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'mail' };
    const trigger = { broker: 'default', filter, subscriber: { ref } };
    expect(
      edgesOf(
        unit('shop/mail', [
          object('serving.knative.dev/v1 Service', 'shop/mail', { spec: { template } }),
          object('eventing.knative.dev/v1 Broker', 'shop/default', { spec: {} }),
          object('eventing.knative.dev/v1 Trigger', 'shop/mail', { spec: trigger }),
        ]),
      ),
    ).toEqual([['Broker shop/default', 'delivers', 'Service shop/mail', 'order.paid']]);
  });

  test('has nodes with their load, policies in words, and the steps of Flux', () => {
    const ingress = [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8080 }] }];
    const policy = object('networking.k8s.io/v1 NetworkPolicy', 'shop/api', {
      spec: { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'], ingress },
    });
    const { map } = mapped(
      fleet(unit('shop/policies', [object('v1 Namespace', 'shop'), policy]), service('web', ['api']), service('api')),
    );
    expect(map.machines).toMatchObject([
      { name: 'one', used: { cpu: 0.02, pods: 2 }, residents: [{ name: 'Deployment shop/api', pods: 1 }, {}] },
      { name: 'two', used: { cpu: 0.02, pods: 2 } },
    ]);
    expect(map.policies).toEqual([
      {
        object: 'NetworkPolicy shop/api',
        namespace: 'shop',
        pods: 'pods app=api',
        in: ['pods app=web on TCP 8080'],
        out: undefined,
      },
    ]);
    expect(map.order).toEqual([
      { name: 'namespaces', after: [], depth: 0, objects: 1 },
      { name: 'shop', after: ['namespaces'], depth: 1, objects: 5 },
    ]);
  });
});

describe('what opens', () => {
  test('says where it comes from, whom it calls, and has the YAML of its file', () => {
    const { map, synthesis } = mapped(fleet(service('web', ['api']), service('api')));
    const { details, objects } = detailsOf(map, synthesis);
    const web = details.find(({ title }) => title === 'web')!;
    expect(web.facts).toEqual([
      ['kind', 'Deployment'],
      ['namespace', 'shop'],
      ['written in', 'charts/shop/index.ts:1'],
      ['construct', 'shop/web/0'],
      ['file', 'clusters/made-up/shop/web.yaml'],
      ['applied by', 'Flux Kustomization shop'],
    ]);
    const list = (title: string) => web.lists.find((each) => each.title === title)?.items;
    expect(list('Calls')).toEqual([{ text: 'Deployment shop/api: TCP 8080', to: 'Deployment shop/api' }]);
    expect(list('Pods')).toEqual([{ text: 'Deployment shop/web: 2; 0.01 CPU and 64Mi each; on one, two' }]);
    expect(web.objects.map((number) => objects[number]!.name)).toEqual(['Deployment shop/web', 'Service shop/web']);
    expect(objects[web.objects[0]!]!.yaml).toContain('kind: Deployment\n');
  });

  test('leaves out what a page cannot carry, and says how much', () => {
    const data = { dashboard: Array.from({ length: 900 }, (_, i) => `line ${i}`).join('\n') };
    const { map, synthesis } = mapped(
      fleet(service('web'), unit('shop/web', [object('v1 ConfigMap', 'shop/web', { data })])),
    );
    const { objects } = detailsOf(map, synthesis);
    expect(objects.find(({ name }) => name.startsWith('ConfigMap'))!.yaml).toMatch(
      /line 390\n[\s\S]*# and \d+ more lines$/,
    );
  });
});

const overlaps = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const pairsOf = <T>(items: readonly T[]) => items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b] as const));

const inside = ({ x, y, width, height }: Rect, group: Group) =>
  x >= group.x && y >= group.y && x + width <= group.x + group.width && y + height <= group.y + group.height;

describe('the picture', () => {
  test('has arrows lead to the right, and comes to an end where they run in circles', () => {
    const arrows = ['ab', 'bc', 'ca', 'cd', 'ad'].map(([from, to]) => ({ from: from!, to: to! }));
    expect([...layersOf(['a', 'b', 'c', 'd'], arrows)]).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['d', 3],
    ]);
  });

  test.each([1, 37, 500])('of %i services has every one of them in its namespace, and none upon another', (count) => {
    const { map } = mapped(shopOf(count));
    const { groups, width, height, lines } = layOut(map);
    const boxes = groups.flatMap((group) => group.boxes);
    expect(boxes.filter(({ vertex }) => vertex.role === 'service').length).toBe(count);
    expect(pairsOf(boxes).filter(([a, b]) => overlaps(a, b))).toEqual([]);
    expect(pairsOf(groups).filter(([a, b]) => overlaps(a, b))).toEqual([]);
    expect(groups.flatMap((group) => group.boxes.filter((box) => !inside(box, group)))).toEqual([]);
    expect(groups.filter((group) => group.x + group.width > width || group.y + group.height > height)).toEqual([]);
    // The first is behind a host; each calls the store, and each but the first is called by one.
    expect(lines.filter(({ edges }) => edges.some(({ platform }) => !platform)).length).toBe(1 + count + count - 1);
  });

  test('is the same whatever order things were rendered in', () => {
    const { manifests, declared } = shopOf(60);
    const { map, synthesis } = mapped({ manifests, declared });
    const other = mapped({ manifests: [...manifests].reverse(), declared: [...declared].reverse() });
    expect(svgOf(other.map)).toBe(svgOf(map));
    expect(mermaidOf(other.map)).toBe(mermaidOf(map));
    expect(mapPage(other.map, other.synthesis)).toBe(mapPage(map, synthesis));
  });

  test('says how much there is of what', () => {
    const { map, synthesis } = mapped(fleet(unit('shop/namespace', [object('v1 Namespace', 'shop')]), store('redis')));
    expect(mapPage(map, synthesis)).toContain('>1 store, 1 namespace, 2 nodes, 2 Flux Kustomizations<');
  });

  test('of nothing is a picture too', () => {
    const { map, synthesis } = mapped(fleet());
    expect(svgOf(map)).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(mermaidOf(map)).toBe('flowchart LR\n');
    expect(mapPage(map, synthesis)).toContain('<p class="counts">2 nodes</p>');
  });
});

describe('every format', () => {
  const hostile = '</script><script>alert("1")</script>&\'`';
  const { map, synthesis } = mapped(
    fleet(
      service('web'),
      route('networking.k8s.io/v1 Ingress', {
        rules: [{ host: hostile, http: { paths: [{ path: hostile, backend: { service: { name: 'web' } } }] } }],
      }),
      unit('shop/web', [object('v1 ConfigMap', 'shop/web', { data: { key: hostile } })]),
    ),
  );

  test('takes markup in names and values for text', () => {
    const page = mapPage(map, synthesis);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(svgOf(map)).not.toContain('<script');
    expect(mermaidOf(map)).not.toMatch(/<|>alert|&/);
  });

  test('links lines to the forge where it is known, and no line elsewhere', () => {
    const linked = mapped(fleet(service('web')));
    const page = mapPage(
      linked.map,
      linked.synthesis,
      ({ file, line }) => `https://git.example.org/${file}?"#L${line}`,
    );
    const { source, file } = linked.map.vertices.find(({ name }) => name === 'web')!;
    const address = `https://git.example.org/${source!.file}?&quot;#L${source!.line}`;
    expect(page).toContain(`<a href="${address}"><code>${source!.file}:${source!.line}</code></a>`);
    expect(page).toContain(JSON.stringify(['file', file, `https://git.example.org/${file}?"#L1`]));
    expect(mapPage(linked.map, linked.synthesis)).not.toContain('<a href="http');
  });

  test('of Mermaid names shapes and what passes', () => {
    expect(mermaidOf(mapped(fleet(service('web', ['postgresql']), store('postgresql'))).map)).toBe(`flowchart LR
  subgraph "shop"
    n0["web"]
    n1[("postgresql")]
  end
  n0 -->|"TCP 8080"| n1
`);
  });

  test('of Mermaid falls back to namespaces where it is more than GitHub draws', () => {
    const text = mermaidOf(mapped(shopOf(500)).map);
    expect(text).toContain('%% 502 boxes and 1000 arrows are more than Mermaid draws');
    expect(text).toContain('"shop (501)"');
    expect(text.length).toBeLessThan(1000);
  });
});
