import { describe, expect, test } from '@jest/globals';
import { bytes, container, data, find, type Plain, pod } from './stores.ts';

describe('Redis [3]', () => {
  const files = () => data('redis-files');
  const conf = () => files()['config_redis.conf'] as string;
  const sentinel = () => JSON.stringify(data('redis-sentinel-files'));

  test('members and sentinels go by addresses, so that neither waits for a name that is gone', () => {
    expect(files()['scripts_start.sh']).toContain('replica-announce-ip $self');
    expect(sentinel()).not.toContain('announce-hostnames yes');
    expect(find('Service', 'lab', 'redis-0').spec).toMatchObject({ publishNotReadyAddresses: true });
  });

  test('what they write into their configuration is a copy, not a read-only mount', () => {
    expect(files()['scripts_start.sh']).toContain('conf=/data/redis.conf');
    for (const name of ['redis', 'sentinel']) {
      const start = data(name === 'redis' ? 'redis-files' : `redis-${name}-files`)['scripts_start.sh'];
      const [, path] = /^ *conf=(\/\S+)$/m.exec(start)!;
      const mounts = container('redis', name).volumeMounts.filter(({ readOnly }: Plain) => !readOnly);
      expect(mounts.filter(({ mountPath }: Plain) => path!.startsWith(`${mountPath}/`))).toHaveLength(1);
    }
  });

  test('a member that starts asks who leads, and follows', () => {
    expect(files()['scripts_start.sh']).toContain('replicaof $leader 6379');
    expect(JSON.stringify(container('redis').args ?? [])).not.toContain('replicaof');
  });

  test('a member that comes back takes no write that it would lose', () => {
    expect(conf()).toMatch(/^min-replicas-to-write 3$/m);
    expect(files()['scripts_start.sh']).toContain('config set min-replicas-to-write 1 replica-priority 100');
  });

  test('there is a password, for members and sentinels too', () => {
    expect(files()['scripts_start.sh']).toMatch(/requirepass \$REDISCLI_AUTH[\s\S]*masterauth \$REDISCLI_AUTH/);
    expect(sentinel()).toContain('auth-pass');
  });

  test('data is at most three quarters of the limit: a rewrite of the log needs the rest', () => {
    const maxmemory = Number(/^maxmemory (\d+)$/m.exec(conf())![1]);
    expect(maxmemory).toBeLessThanOrEqual(0.75 * bytes(container('redis').resources.limits.memory));
  });

  test('a store forgets nothing: it refuses what it has no room for', () => {
    expect(conf()).toContain('maxmemory-policy noeviction');
    expect(conf()).toContain('appendonly yes');
  });

  test('clients reach whoever leads, not the first member', () => {
    const policy = find('NetworkPolicy', 'lab', 'redis');
    expect(data('sessions')).toMatchObject({ REDIS_HOST: 'redis.lab.svc', REDIS_PORT: '6380' });
    expect(find('Service', 'lab', 'redis').spec.ports).toEqual([expect.objectContaining({ port: 6380 })]);
    expect(JSON.stringify(policy.spec.ingress)).toContain('6380');
  });

  test('sentinels have requests and limits, and nobody runs as root', () => {
    for (const { resources } of pod('redis').containers) {
      expect(resources).toMatchObject({
        requests: { cpu: expect.anything(), memory: expect.anything() },
        limits: { memory: expect.anything() },
      });
    }
    expect(pod('redis').securityContext).toMatchObject({ runAsNonRoot: true });
  });

  test('no two members share a node, or two sentinels would be lost with it', () => {
    const { podAntiAffinity } = pod('redis').affinity;
    expect(podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).toHaveLength(1);
  });
});
