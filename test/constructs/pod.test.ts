import { describe, expect, test } from '@jest/globals';
import { External } from '../../constructs/external.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Pod, type PodProps } from '../../constructs/pod.ts';
import { KubeJob } from '../../imports/k8s.ts';
import { render } from './render.ts';

const minimal: PodProps = { image: 'busybox:1.37', size: 'tiny' };

const pod = (props: PodProps, more: (pod: Pod) => void = () => {}) => {
  const rendered = render((chart) => {
    const made = new Pod(chart, 'pod', { ...props, name: 'task' });
    more(made);
    new KubeJob(chart, 'job', { metadata: { name: 'task' }, spec: { template: made.template() } });
  });
  return { ...rendered, template: rendered.find('Job', 'task').spec.template };
};

describe('Pod', () => {
  test('waits in its own place for what it uses: with its variables, files and account', () => {
    const wait = { name: 'wait-for-key', image: 'vault:1.21.4', command: ['sh', '/wait.sh'] };
    const uses = [{ env: { ADDRESS: 'http://vault' }, files: { '/wait.sh': 'exit 0' }, wait }];
    const { template } = pod({ ...minimal, uses });
    const [waiting] = template.spec.initContainers;
    expect(waiting).toMatchObject({ ...wait, envFrom: [{ configMapRef: { name: 'task' } }] });
    expect(waiting.resources).toEqual(template.spec.containers[0].resources);
    expect(waiting.volumeMounts).toEqual(template.spec.containers[0].volumeMounts);
  });

  test('passes Pod Security restricted, mounts no token, and is closed', () => {
    const { names, template, problems } = pod(minimal);
    expect(problems).toEqual([]);
    expect(names).toEqual(['Job shop/task', 'NetworkPolicy shop/task', 'ServiceAccount shop/task']);
    expect(template).toEqual({
      metadata: { labels: { 'app.kubernetes.io/name': 'task', 'app.kubernetes.io/part-of': 'shop' } },
      spec: {
        serviceAccountName: 'task',
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 30,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'task',
            image: 'busybox:1.37',
            resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
              readOnlyRootFilesystem: true,
            },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    });
  });

  test('takes everything it may be given', () => {
    const { find, problems, relations } = render((chart) => {
      const provider = new External(chart, 'provider', { host: 'a.test', cidrs: ['203.0.113.0/24'] });
      const other = new External(chart, 'other', { host: 'b.test', cidrs: ['198.51.100.0/24'], ports: [9092] });
      const props: Required<PodProps> = {
        image: new OwnImages(chart, 'images').own('task', '1.0.0'),
        size: { cpu: '1', memory: '1Gi', cpuLimit: '2' },
        run: { command: ['/bin/task'], args: ['--once'], user: 65534, writable: ['/var/cache'], stopSeconds: 5 },
        env: { MODE: 'full', IP: { field: 'status.podIP' } },
        files: { '/etc/task.yaml': 'a: 1\n' },
        uses: [provider, { env: { P: { secret: 'db', key: 'p', construct: provider } } }],
        calls: [other],
        api: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
        placement: {
          nodeSelector: { 'kubernetes.io/arch': 'arm64' },
          tolerations: [{ key: 'only', operator: 'Exists', effect: 'NoSchedule' }],
        },
      };
      const made = new Pod(chart, 'pod', { ...props, name: 'task' });
      new KubeJob(chart, 'job', { metadata: { name: 'task' }, spec: { template: made.template() } });
    });
    expect(problems).toEqual([]);
    const { metadata, spec } = find('Job', 'task').spec.template;
    const [container] = spec.containers;
    expect(Object.keys(metadata.annotations)).toEqual(['checksum/config', 'checksum/files']);
    expect(spec).toMatchObject({
      automountServiceAccountToken: true,
      terminationGracePeriodSeconds: 5,
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { 'kubernetes.io/arch': 'arm64' },
      tolerations: [{ key: 'only', operator: 'Exists', effect: 'NoSchedule' }],
      securityContext: { runAsUser: 65534 },
    });
    expect(container).toMatchObject({
      image: 'registry.test/team/task:1.0.0',
      command: ['/bin/task'],
      args: ['--once'],
    });
    expect(container.resources.limits).toEqual({ cpu: '2', memory: '1Gi' });
    expect(container.env.map(({ name }: { name: string }) => name)).toEqual(['P', 'IP']);
    // Every mount has its volume and every volume is mounted.
    const mounted = container.volumeMounts.map(({ name }: { name: string }) => name);
    expect(new Set(mounted)).toEqual(new Set(spec.volumes.map(({ name }: { name: string }) => name)));
    expect(container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)).toEqual([
      '/tmp',
      '/var/cache',
      '/etc/task.yaml',
    ]);
    expect(find('Role', 'task').rules).toHaveLength(1);
    expect(find('RoleBinding', 'task').subjects).toEqual([{ kind: 'ServiceAccount', name: 'task', namespace: 'shop' }]);
    const ports = find('NetworkPolicy', 'task').spec.egress.flatMap((rule: { ports: { port: number }[] }) =>
      rule.ports.map(({ port }) => port),
    );
    expect(ports.sort()).toEqual([443, 53, 53, 6443, 9092]);
    expect(relations.flatMap(({ uses = [] }) => uses)).toEqual(['shop/provider']);
  });

  test('another container has the same surroundings; an own image in it brings the pull secret', () => {
    let first: unknown;
    const { template } = render((chart) => {
      const image = new OwnImages(chart, 'images').own('schema', '1.0.0');
      const made = new Pod(chart, 'pod', { ...minimal, env: { A: 1 }, name: 'task' });
      const container = made.container('schema', { image, command: ['cp'] });
      first = container;
      const template = made.template({ pod: { initContainers: [container], restartPolicy: 'Never' } });
      new KubeJob(chart, 'job', { metadata: { name: 'task' }, spec: { template } });
    }).find('Job', 'task').spec;
    expect(first).toMatchObject({ name: 'schema', command: ['cp'], envFrom: [{ configMapRef: { name: 'task' } }] });
    expect(template.spec).toMatchObject({ restartPolicy: 'Never', imagePullSecrets: [{ name: 'registry' }] });
  });

  test.each<[string, PodProps, string]>([
    [
      'root',
      { ...minimal, run: { user: 0 } },
      "run.user: 0 is root or no number, Pod Security refuses it; give the image's numeric user",
    ],
    [
      'no time to stop',
      { ...minimal, run: { stopSeconds: 0 } },
      'run.stopSeconds: 0 leaves no time to stop, it has to be 1 or more; raise it',
    ],
    [
      'a relative folder',
      { ...minimal, run: { writable: ['cache'] } },
      'run.writable: "cache" is not the absolute path of a folder; write it like /var/cache',
    ],
    [
      'an image that moves',
      { ...minimal, image: 'busybox' },
      'image: busybox runs whatever was pushed last, it has to be pinned; give a version tag or a digest',
    ],
    [
      'an unknown size',
      { ...minimal, size: 'big' as 'small' },
      'size: "big" is unknown; use tiny, small, medium, large, xlarge or { cpu, memory }',
    ],
  ])('refuses %s', (_, props, problem) => {
    const { problems } = render((chart) => new Pod(chart, 'pod', { ...props, name: 'task' }));
    expect(problems).toEqual([problem]);
  });

  test('refuses a name of 300 characters, once', () => {
    const { problems } = render((chart) => new Pod(chart, 'pod', { ...minimal, name: 'a'.repeat(300) }));
    expect(problems).toEqual([
      'name: "aaaaaaaaaaaaaaaaaaaa..." has 300 characters, at most 63 fit a label; shorten it',
    ]);
  });
});
