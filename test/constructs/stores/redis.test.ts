import { describe, expect, test } from '@jest/globals';
import { HaStatefulStore, type HaStatefulStoreProps } from '../../../constructs/ha-stateful-store.ts';
import { type RedisClients, type RedisProps, redis } from '../../../constructs/stores/redis.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, type Options, render } from '../render.ts';

const images = { redis: 'redis:7.4.11-bookworm', redisExporter: 'redis-exporter:v1.74.0', haproxy: 'haproxy:3.2.4' };
const threeNodes: Options = { nodes: [{ ...environment.nodes[0]!, count: 3 }] };

type Changes = Partial<Omit<HaStatefulStoreProps<RedisClients>, 'engine'>> & Partial<RedisProps>;

const rendered = (changes: Changes = {}, use: (store: HaStatefulStore<RedisClients>) => object = () => ({})) => {
  const { cache, images: own = images, ...props } = changes;
  return render((chart) => {
    const store = new HaStatefulStore(chart, 'redis', {
      engine: redis({ cache, images: own }),
      members: 3,
      storage: '5Gi',
      size: 'small',
      backup: { none: 'a test' },
      ...props,
    });
    new Workload(chart, 'api', { image: 'api:1.0.0', size: 'small', ...use(store) });
  }, threeNodes);
};

const configuration = (changes: Changes = {}) =>
  rendered(changes).find('ConfigMap', 'redis-files').data['config_redis.conf'].split('\n');

const envOf = ({ find }: ReturnType<typeof rendered>) => ({
  plain: find('ConfigMap', 'api')?.data,
  other: find('Deployment', 'api').spec.template.spec.containers[0].env,
});
const fromSecret = { valueFrom: { secretKeyRef: { name: 'redis-password', key: 'password' } } };

describe('what is rendered', () => {
  test('a sentinel, a proxy and an exporter beside each of three members', () => {
    const { find, problems, names } = rendered();
    expect(problems).toEqual([]);
    expect(names.filter((name) => name.startsWith('Service '))).toEqual([
      'Service shop/redis',
      'Service shop/redis-0',
      'Service shop/redis-1',
      'Service shop/redis-2',
      'Service shop/redis-headless',
    ]);
    const { containers } = find('StatefulSet', 'redis').spec.template.spec;
    expect(containers.map(({ name }: { name: string }) => name)).toEqual(['redis', 'sentinel', 'proxy', 'exporter']);
    expect(find('Service', 'redis').spec.ports).toEqual([{ name: 'primary', port: 6380, targetPort: 'primary' }]);
  });

  test('one member is a plain server at the usual port', () => {
    const { find, problems, names } = rendered({ members: 1 });
    expect(problems).toEqual([]);
    expect(names.filter((name) => name.startsWith('Service '))).toEqual([
      'Service shop/redis',
      'Service shop/redis-headless',
    ]);
    const { containers } = find('StatefulSet', 'redis').spec.template.spec;
    expect(containers.map(({ name }: { name: string }) => name)).toEqual(['redis', 'exporter']);
    expect(find('Service', 'redis').spec.ports).toEqual([{ name: 'redis', port: 6379, targetPort: 'redis' }]);
    expect(configuration({ members: 1 }).join()).not.toContain('replica');
  });

  test('a member keeps its address while its pod is not ready, or not there', () => {
    expect(rendered().find('Service', 'redis-1').spec).toEqual({
      publishNotReadyAddresses: true,
      selector: { 'app.kubernetes.io/name': 'redis', 'statefulset.kubernetes.io/pod-name': 'redis-1' },
      ports: [
        { name: 'redis', port: 6379, targetPort: 'redis' },
        { name: 'sentinel', port: 26379, targetPort: 'sentinel' },
      ],
    });
  });

  test('probes ask the member alone, and readiness waits for its data', () => {
    const { find } = rendered();
    const [server, sentinel] = find('StatefulSet', 'redis').spec.template.spec.containers;
    expect(server.livenessProbe.exec.command).toEqual(['redis-cli', 'ping']);
    expect(server.readinessProbe.exec.command).toEqual(['sh', '/scripts/ready.sh']);
    expect(sentinel.readinessProbe.exec.command).toEqual(['redis-cli', '-p', '26379', 'ping']);
  });

  test('the quorum is the majority', () => {
    const quorums = [3, 5].map((members) => {
      const script = rendered({ members }).find('ConfigMap', 'redis-sentinel-files').data['scripts_start.sh'];
      return /6379 (\d)"/.exec(script)?.[1];
    });
    expect(quorums).toEqual(['2', '3']);
  });

  test('sentinels ask for roles every second: what one knows when it is cut off is what it believes when it returns', () => {
    const script = rendered().find('ConfigMap', 'redis-sentinel-files').data['scripts_start.sh'];
    expect(script).toContain('redis-cli -p 26379 sentinel debug info-period 1000');
  });

  test('nobody but members reaches servers and sentinels, clients reach the proxy', () => {
    const { find } = rendered({}, (store) => ({ uses: [store] }));
    const open = find('NetworkPolicy', 'redis').spec.ingress.map(
      ({ from, ports }: { from: { podSelector: { matchLabels: object } }[]; ports: { port: number }[] }) => [
        from[0]!.podSelector.matchLabels,
        ports.map(({ port }) => port),
      ],
    );
    expect(open).toContainEqual([{ 'app.kubernetes.io/name': 'api' }, [6380]]);
    expect(open).toContainEqual([{ 'app.kubernetes.io/name': 'redis' }, [6379, 26379]]);
  });
});

describe('memory and disk', () => {
  test('three quarters of the limit are data', () => {
    expect(configuration({ size: 'large' })).toContain(`maxmemory ${0.75 * 2 ** 30}`);
    expect(configuration({ size: { cpu: '1', memory: '1Gi', memoryLimit: '4Gi' } })).toContain(
      `maxmemory ${3 * 2 ** 30}`,
    );
  });

  test('a store answers when data are on disk, and refuses what it has no room for', () => {
    expect(configuration()).toEqual(
      expect.arrayContaining(['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction']),
    );
  });

  test('a cache writes nothing, and forgets what is used least', () => {
    expect(configuration({ cache: true })).toEqual(
      expect.arrayContaining(['appendonly no', 'save ""', 'maxmemory-policy allkeys-lru']),
    );
  });

  test('a member starts without the right to take writes or to be promoted', () => {
    expect(configuration()).toEqual(expect.arrayContaining(['min-replicas-to-write 3', 'replica-priority 0']));
  });
});

describe('clients', () => {
  test('of the store itself get host, port, database and password', () => {
    const { plain, other } = envOf(rendered({}, (store) => ({ uses: [store] })));
    expect(plain).toEqual({ REDIS_HOST: 'redis.shop.svc', REDIS_PORT: '6380', REDIS_DB: '0' });
    expect(other).toEqual([{ name: 'REDIS_PASSWORD', ...fromSecret }]);
  });

  test('of a URL or of StackExchange.Redis get one variable, with the password filled in by the kubelet', () => {
    const uses = (store: HaStatefulStore<RedisClients>) => ({
      uses: [store.database(2).url('REDIS_URL'), store.database(1).stackExchange('ConnectionStrings__Redis')],
    });
    expect(envOf(rendered({}, uses)).other).toEqual([
      { name: 'REDIS_URL_PASSWORD', ...fromSecret },
      { name: 'REDIS_URL', value: 'redis://:$(REDIS_URL_PASSWORD)@redis.shop.svc:6380/2' },
      { name: 'ConnectionStrings__Redis_PASSWORD', ...fromSecret },
      {
        name: 'ConnectionStrings__Redis',
        value: 'redis.shop.svc:6380,password=$(ConnectionStrings__Redis_PASSWORD),defaultDatabase=1,abortConnect=false',
      },
    ]);
  });

  test('that know Sentinel get all sentinels and the name, and reach them and the servers', () => {
    const result = rendered({}, (store) => ({ uses: [store.database(0).sentinel] }));
    expect(envOf(result).plain).toEqual({
      REDIS_SENTINELS: 'redis-0.shop.svc:26379,redis-1.shop.svc:26379,redis-2.shop.svc:26379',
      REDIS_MASTER: 'redis',
      REDIS_DB: '0',
    });
    const egress = JSON.stringify(result.find('NetworkPolicy', 'api').spec.egress);
    expect(egress).toContain('"port":26379');
    expect(egress).toContain('"port":6379');
    expect(egress).not.toContain('"port":6380');
  });
});

describe('backup', () => {
  const backup = { rpoMinutes: 60, targets: [{ env: { TARGET: 'outside:folder' } }], uploader: 'rclone:1.75.1' };

  test('takes a snapshot of the leader, with the image of the store', () => {
    const { find, problems } = rendered({ backup });
    expect(problems).toEqual([]);
    const [dump] = find('CronJob', 'redis-backup').spec.jobTemplate.spec.template.spec.initContainers;
    expect(dump).toMatchObject({ image: images.redis, env: [{ name: 'REDISCLI_AUTH', ...fromSecret }] });
    expect(find('ConfigMap', 'redis-backup-dump').data).toMatchObject({
      REDIS_HOST: 'redis.shop.svc',
      REDIS_PORT: '6380',
    });
  });

  test('of a cache is refused', () => {
    expect(rendered({ backup, cache: true }).problems).toEqual([expect.stringContaining('this engine has no dump')]);
  });
});

describe('refusals', () => {
  test.each<[string, Changes, string]>([
    [
      'an even number of members',
      { members: 2 },
      'members: 2 cannot form a quorum, when one is lost the other stops too; use 1 or 3',
    ],
    [
      'a disk on which the log cannot be rewritten',
      { storage: '1Gi', size: 'large' },
      'storage: 1Gi is less than three times the memory limit of 1Gi, the log could not be rewritten; give 3Gi or more',
    ],
    [
      'an image without bash',
      { images: { ...images, redis: 'redis:7.4.11-alpine' } },
      'images.redis: redis:7.4.11-alpine has no bash, which backups run; use the same version on Debian',
    ],
  ])('%s', (_, changes, problem) => {
    expect(rendered(changes).problems).toEqual([problem]);
  });

  test('a cache needs no room for a log', () => {
    expect(rendered({ storage: '1Gi', size: 'large', cache: true }).problems).toEqual([]);
  });

  test('a database that is not there', () => {
    expect(rendered({}, (store) => ({ uses: [store.database(16)] })).problems).toEqual([
      'database: 16 is none of the 16 that there are; use 0 to 15',
    ]);
  });

  test('sentinels of a single member', () => {
    expect(rendered({ members: 1 }, (store) => ({ uses: [store.database(0).sentinel] })).problems).toEqual([
      'sentinel: a single member has none; use the store itself, url or stackExchange',
    ]);
  });
});
