import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import type { Dependency } from '../../../constructs/dependency.ts';
import { External } from '../../../constructs/external.ts';
import { HaStatefulStore } from '../../../constructs/ha-stateful-store.ts';
import { type PostgresProps, postgres } from '../../../constructs/stores/postgres.ts';
import { Workload } from '../../../constructs/workload.ts';
import { environment, render } from '../render.ts';

const images = {
  postgres16: 'postgres:16.15',
  postgres18: 'postgres:18.6',
  spilo: 'spilo-17:4.0-p3',
  postgresExporter: 'postgres-exporter:0.20.1',
  pgbouncer: 'pgbouncer:1.25.2',
};

type Changes = Partial<PostgresProps<'16' | '18'>> & { readonly members?: number; readonly size?: 'medium' | 'tiny' };

const store = ({ members = 3, size = 'medium', ...changes }: Changes = {}) =>
  render(
    (chart) => {
      const made = new HaStatefulStore(chart, 'postgresql', {
        engine: postgres<'16' | '18'>({ version: '16', databases: ['notifi'], pooler: {}, images, ...changes }),
        members,
        size,
        storage: '50Gi',
        backup: {
          rpoMinutes: 60,
          targets: [new External(chart, 'bucket', { host: 'bucket.test', env: { TARGET: ':s3:dumps' } })],
          uploader: 'rclone:1.75.1',
        },
      });
      const [name = 'notifi'] = changes.databases ?? [];
      const client = (id: string, uses: Dependency) =>
        new Workload(chart, id, { image: 'client:1.0.0', size: 'tiny', uses: [uses] });
      client('libpq', made.database(name));
      client('npgsql', made.database(name).npgsql('ConnectionStrings__Main'));
      client('pooled', made.database(name).npgsql('ConnectionStrings__Main', { pool: 5 }));
      client('jdbc', made.database(name).jdbc({ url: 'DB_URL', user: 'DB_USER', password: 'DB_PASSWORD' }));
      client('url', made.pooled(name).url('DATABASE_URL'));
      client('parts', made.database(name).as({ host: 'H', port: 'P', database: 'D', user: 'U', password: 'W' }));
    },
    { nodes: [{ ...environment.nodes[0]!, count: 3 }] },
  );

const { find, problems } = store();
const { template } = find('StatefulSet', 'postgresql').spec;
const [server] = template.spec.containers;
const { data: env } = find('ConfigMap', 'postgresql');
const configuration = load(env['SPILO_CONFIGURATION']) as {
  bootstrap: { dcs: object };
  postgresql: { pg_hba: string[]; parameters: Record<string, string> };
};

describe('several members', () => {
  test('are Patroni’s, not servers that know nothing of each other', () => {
    expect(problems).toEqual([]);
    expect(server.image).toBe(images.spilo);
    expect(configuration.bootstrap.dcs).toMatchObject({
      synchronous_mode: true,
      synchronous_mode_strict: true,
      failsafe_mode: true,
      postgresql: { use_pg_rewind: true },
    });
  });

  test('the label that Patroni sets is the one that the Service of clients selects by', () => {
    const label = { [env['KUBERNETES_ROLE_LABEL']]: env['KUBERNETES_LEADER_LABEL_VALUE'] };
    expect(find('Service', 'postgresql').spec.selector).toEqual({ 'app.kubernetes.io/name': 'postgresql', ...label });
    expect(env['KUBERNETES_STANDBY_LEADER_LABEL_VALUE']).toBe(env['KUBERNETES_LEADER_LABEL_VALUE']);
  });

  test('pods carry the scope and the labels that Patroni looks for', () => {
    expect(template.metadata.labels).toMatchObject({
      ...JSON.parse(env['KUBERNETES_LABELS']),
      [env['KUBERNETES_SCOPE_LABEL']]: env['SCOPE'],
    });
  });

  test('the scope is no name of a Service, whose endpoints Patroni would take for its own', () => {
    const services = store().objects.filter(({ kind }) => kind === 'Service');
    expect(services.map(({ metadata }) => metadata.name)).not.toContain(env['SCOPE']);
    expect(env['KUBERNETES_USE_CONFIGMAPS']).toBe('true');
  });

  test('data is on the volume', () => {
    const [claim] = find('StatefulSet', 'postgresql').spec.volumeClaimTemplates;
    const { mountPath } = server.volumeMounts.find(({ name }: { name: string }) => name === claim.metadata.name);
    expect(env['PGROOT']).toBe(`${mountPath}/pgroot`);
  });

  test('no password is one of Spilo’s own', () => {
    const secret = (name: string) => server.env.find((entry: { name: string }) => entry.name === name).valueFrom;
    for (const [name, key] of [
      ['PGPASSWORD_SUPERUSER', 'superuser'],
      ['PGPASSWORD_STANDBY', 'standby'],
    ] as const) {
      expect(secret(name)).toEqual({ secretKeyRef: { name: 'postgresql-admin', key } });
    }
  });

  test('may do at the API server what Patroni does there, and nothing else', () => {
    expect(find('Role', 'postgresql').rules).toEqual([
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'get', 'list', 'patch', 'watch'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'patch', 'watch'] },
    ]);
    expect(template.spec.automountServiceAccountToken).toBe(true);
  });

  test('a leader that is gone is kept from clients by readiness, since nobody takes its label away', () => {
    expect(server.readinessProbe.httpGet).toEqual({ path: '/readiness', port: 'patroni' });
    expect(server.livenessProbe.httpGet).toEqual({ path: '/liveness', port: 'patroni' });
  });

  test('clients may or must encrypt, and always need a password', () => {
    const remote = (text: string) => (load(text) as typeof configuration).postgresql.pg_hba.at(-1);
    expect(configuration.postgresql.pg_hba.at(-1)).toBe('host all all all scram-sha-256');
    expect(remote(store({ tlsOnly: true }).find('ConfigMap', 'postgresql').data['SPILO_CONFIGURATION'])).toBe(
      'hostssl all all all scram-sha-256',
    );
  });

  test('memory follows from the limit', () => {
    expect(server.resources.limits.memory).toBe('512Mi');
    expect(configuration.postgresql.parameters).toMatchObject({
      shared_buffers: '128MB',
      effective_cache_size: '256MB',
      work_mem: '2MB',
      max_slot_wal_keep_size: '10240MB',
    });
    expect(configuration.bootstrap.dcs).toMatchObject({ postgresql: { parameters: { max_connections: 51 } } });
  });
});

describe('one member', () => {
  const one = store({ members: 1, version: '18' });
  const { spec } = one.find('StatefulSet', 'postgresql').spec.template;

  test('is a plain server, with its data where the image of 18 has it and the volume one folder up', () => {
    expect(one.problems).toEqual([]);
    const [container] = spec.containers;
    expect(container.image).toBe(images.postgres18);
    expect(one.find('ConfigMap', 'postgresql').data['PGDATA']).toBe('/var/lib/postgresql/18/docker');
    expect(container.volumeMounts[0]).toEqual({ name: 'data', mountPath: '/var/lib/postgresql' });
    expect(container.args).toEqual(expect.arrayContaining(['shared_buffers=128MB', 'max_connections=51']));
    expect(container.command).toBeUndefined();
  });

  test('has no right at the API server, and its Service leads to it', () => {
    expect(one.find('Role', 'postgresql')).toBeUndefined();
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(one.find('Service', 'postgresql').spec.selector).toEqual({ 'app.kubernetes.io/name': 'postgresql' });
  });

  test('has another claim than a member of several: their folders are not each other’s', () => {
    const claimOf = ({ find }: ReturnType<typeof store>) =>
      find('StatefulSet', 'postgresql').spec.volumeClaimTemplates[0].metadata.name;
    expect(claimOf(one)).not.toBe(claimOf(store()));
  });
});

describe('a client', () => {
  const envOf = (name: string) => {
    const [container] = find('Deployment', name).spec.template.spec.containers;
    const plain = find('ConfigMap', name)?.data ?? {};
    return Object.assign(
      {},
      plain,
      ...container.env.map(({ name, value, valueFrom }: { name: string; value?: string; valueFrom?: object }) => ({
        [name]: value ?? valueFrom,
      })),
    );
  };
  const password = { secretKeyRef: { name: 'postgresql-notifi', key: 'password' } };

  test('gets the words of its driver, and the password from its Secret', () => {
    const host = 'postgresql.shop.svc';
    expect(envOf('libpq')).toEqual({
      PGHOST: host,
      PGPORT: '5432',
      PGDATABASE: 'notifi',
      PGUSER: 'notifi',
      PGPASSWORD: password,
    });
    expect(envOf('npgsql')).toEqual({
      ConnectionStrings__Main_PASSWORD: password,
      ConnectionStrings__Main: `Host=${host};Port=5432;Database=notifi;Username=notifi;Password=$(ConnectionStrings__Main_PASSWORD)`,
    });
    expect(envOf('pooled').ConnectionStrings__Main).toMatch(/;Maximum Pool Size=5$/);
    expect(envOf('jdbc')).toEqual({
      DB_URL: `jdbc:postgresql://${host}:5432/notifi`,
      DB_USER: 'notifi',
      DB_PASSWORD: password,
    });
    expect(envOf('url')).toEqual({
      DATABASE_URL_PASSWORD: password,
      DATABASE_URL: 'postgresql://notifi:$(DATABASE_URL_PASSWORD)@postgresql-pooler.shop.svc:6432/notifi',
    });
  });

  test('is told its parts by names of its own', () => {
    expect(envOf('parts')).toEqual({
      H: 'postgresql.shop.svc',
      P: '5432',
      D: 'notifi',
      U: 'notifi',
      W: password,
    });
  });

  test('reaches the server or the pooler, and only what it uses', () => {
    const portsOf = (name: string) =>
      find('NetworkPolicy', name).spec.egress.flatMap(({ ports }: { ports: { port: number }[] }) =>
        ports.map(({ port }) => port),
      );
    expect(portsOf('libpq').filter((port: number) => port !== 53)).toEqual([5432]);
    expect(portsOf('url').filter((port: number) => port !== 53)).toEqual([6432]);
  });
});

describe('PgBouncer', () => {
  const ini: string = find('ConfigMap', 'postgresql-pooler-files').data['etc_pgbouncer_pgbouncer.ini'];

  test('listens where its Service leads to, by SCRAM, transaction by transaction', () => {
    expect(find('Service', 'postgresql-pooler').spec.ports).toEqual([
      { name: 'pgbouncer', port: 6432, targetPort: 'pgbouncer' },
    ]);
    for (const line of [
      'listen_port = 6432',
      'auth_type = scram-sha-256',
      'pool_mode = transaction',
      'max_prepared_statements = 200',
    ]) {
      expect(ini.split('\n')).toContain(line);
    }
  });

  test('gives up a leader that is silent after a minute, with or without something on its way to it', () => {
    const of = (setting: string) => Number(new RegExp(`^${setting} = (\\d+)$`, 'm').exec(ini)?.[1]);
    expect(of('tcp_user_timeout')).toBe(60_000);
    expect(of('tcp_keepidle') + of('tcp_keepintvl') * of('tcp_keepcnt')).toBe(60);
  });

  test('never takes all connections of the server', () => {
    const [, pool] = /^default_pool_size = (\d+)$/m.exec(ini)!;
    const { replicas } = find('Deployment', 'postgresql-pooler').spec;
    expect(Number(pool) * replicas).toBeLessThanOrEqual(51 - 13);
  });

  test('leaves connections to those who come directly', () => {
    const direct = store({ pooler: { direct: 20 } });
    const text: string = direct.find('ConfigMap', 'postgresql-pooler-files').data['etc_pgbouncer_pgbouncer.ini'];
    const [, pool] = /^default_pool_size = (\d+)$/m.exec(text)!;
    expect(Number(pool) * 2).toBeLessThanOrEqual(51 - 13 - 20);
  });

  test('no ConfigMap holds a password', () => {
    expect(find('ConfigMap', 'postgresql-pooler-files').data['scripts_start.sh']).toContain(
      '\\"notifi\\" \\"$PASSWORD_OF_notifi\\"',
    );
  });
});

describe('refuses', () => {
  test.each<[string, Changes, string]>([
    ['two members', { members: 2 }, 'members: 2 cannot form a quorum'],
    [
      'a version that Spilo lacks',
      { version: '18' },
      'version: 18 is not in spilo-17:4.0-p3; use 17, or a newer Spilo',
    ],
    ['a name that PostgreSQL would fold', { databases: ['Notifi'] }, 'databases: "Notifi" is no plain name'],
    ['a name of its own', { databases: ['postgres'] }, 'databases: postgres is the server'],
    ['a name given twice', { databases: ['a', 'a'] }, 'databases: a is there twice; remove one'],
    ['encryption without a certificate', { members: 1, tlsOnly: true }, 'tlsOnly: a single member has no certificate'],
    [
      'too few connections',
      { connections: 10 },
      'connections: 10 leaves none to clients, 13 are for upkeep; give 18 or more',
    ],
  ])('%s', (_, changes, message) => {
    expect(store(changes).problems).toContainEqual(expect.stringContaining(message));
  });

  test('a pooled database without a pooler', () => {
    expect(store({ pooler: undefined }).problems).toEqual([
      'pooled: notifi has no pooler in front; give the engine pooler: {}',
    ]);
  });
});
