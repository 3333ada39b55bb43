import { describe, expect, test } from '@jest/globals';
import { Config } from '../../constructs/config.ts';
import type { Dependency } from '../../constructs/dependency.ts';
import { type Options, render } from './render.ts';

const config = (from: readonly Dependency[], options?: Options) => {
  let made: Config | undefined;
  const rendered = render((chart) => {
    made = new Config(chart, 'config', { name: 'web', namespace: 'shop', from });
  }, options);
  return { ...rendered, made: made! };
};

const password = { secret: 'db', key: 'password' };

describe('Config', () => {
  test('of nothing is nothing', () => {
    const { objects, made } = config([]);
    expect(objects).toEqual([]);
    expect([made.env, made.mounts, made.volumes, made.checksums, made.secrets]).toEqual([{}, [], [], {}, []]);
  });

  test('plain variables stand in a ConfigMap, references and what refers to them in the container, in order', () => {
    const { find, made } = config([
      { env: { PGPASSWORD: password, PGHOST: 'db' } },
      {
        env: {
          DATABASE_URL: 'postgres://app:$(PGPASSWORD)@$(PGHOST)/app',
          POOL_SIZE: 10,
          DEBUG: false,
          FLAG: { configMap: 'flags', key: 'web' },
          POD_IP: { field: 'status.podIP' },
        },
      },
    ]);
    expect(find('ConfigMap', 'web').data).toEqual({ PGHOST: 'db', POOL_SIZE: '10', DEBUG: 'false' });
    expect(made.env).toEqual({
      envFrom: [{ configMapRef: { name: 'web' } }],
      env: [
        { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
        { name: 'DATABASE_URL', value: 'postgres://app:$(PGPASSWORD)@$(PGHOST)/app' },
        { name: 'FLAG', valueFrom: { configMapKeyRef: { name: 'flags', key: 'web' } } },
        { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      ],
    });
  });

  test('files are mounted one by one, each volume with the keys that are read', () => {
    const { find, made } = config([
      {
        files: {
          '/etc/web/web.yaml': 'port: 80\n',
          '/run/db/password': password,
          '/run/db/ca.crt': { secret: 'db', key: 'ca.crt' },
          '/etc/flags': { configMap: 'flags', key: 'web' },
        },
      },
    ]);
    expect(find('ConfigMap', 'web-files').data).toEqual({ 'etc_web_web.yaml': 'port: 80\n' });
    expect(made.mounts).toContainEqual({
      name: 'files',
      mountPath: '/etc/web/web.yaml',
      subPath: 'etc_web_web.yaml',
      readOnly: true,
    });
    expect(made.mounts.map(({ name }) => name)).toEqual(['files', 'secret-db', 'secret-db', 'config-map-flags']);
    expect(made.volumes).toEqual([
      { name: 'files', configMap: { name: 'web-files' } },
      {
        name: 'secret-db',
        secret: {
          secretName: 'db',
          items: [
            { key: 'password', path: 'password' },
            { key: 'ca.crt', path: 'ca.crt' },
          ],
        },
      },
      { name: 'config-map-flags', configMap: { name: 'flags', items: [{ key: 'web', path: 'web' }] } },
    ]);
  });

  test('the checksum follows the values, not their order', () => {
    const sum = (env: Dependency['env']) => config([{ env }]).made.checksums['checksum/config'];
    expect(sum({ A: 1, B: 2 })).toBe(sum({ B: 2, A: 1 }));
    expect(sum({ A: 1, B: 2 })).not.toBe(sum({ A: 1, B: 3 }));
  });

  test('carries the digest of a sealed Secret that is read', () => {
    const { made } = config([{ env: { P: password } }], { sealed: { 'shop/db': 'd1', 'other/db': 'd2' } });
    expect(made.checksums).toEqual({ 'checksum/db': 'd1' });
  });

  test.each<[string, readonly Dependency[], string]>([
    [
      'a variable that comes twice',
      [{ env: { URL: 'a' } }, { env: { URL: 'b' } }],
      'env: URL is given twice, only one would win; remove or rename one',
    ],
    [
      'a file that comes twice',
      [{ files: { '/a': 'a' } }, { files: { '/a': 'b' } }],
      'files: /a is given twice, only one would win; remove or rename one',
    ],
    [
      'a name that no variable has',
      [{ env: { 'A B': 1 } }],
      'env: "A B" is not a variable\'s name; use letters, digits and _',
    ],
    [
      'a path that is none',
      [{ files: { 'etc/': 'a' } }],
      'files: "etc/" is not the absolute path of a file; start it with /, end it with a name',
    ],
    [
      'a Secret of another namespace',
      [{ env: { P: { ...password, namespaces: ['other'] } } }],
      'uses: Secret db is not in shop, pods read Secrets of their own namespace only; add shop to its namespaces',
    ],
  ])('refuses %s', (_, from, problem) => {
    expect(config(from).problems).toEqual([problem]);
  });
});
