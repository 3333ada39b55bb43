import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { images } from '../../../charts/versions.ts';
import { container, data, find, ofKind, type Plain, pod, store, variable } from './stores.ts';

describe('PostgreSQL [1]', () => {
  const spilo = load(data('postgresql').SPILO_CONFIGURATION) as Plain;

  test('several members are one cluster under Patroni, not servers that know nothing of each other', () => {
    expect(container('postgresql').image).toMatch(/\/spilo-17:/);
    expect(data('postgresql')).toMatchObject({ DCS_ENABLE_KUBERNETES_API: 'true', PGVERSION: '17' });
    expect(spilo.bootstrap.dcs).toMatchObject({ synchronous_mode: true, synchronous_mode_strict: true });
  });

  test('the Service of clients selects the label that Patroni gives the leader, whatever its version calls it', () => {
    const { KUBERNETES_ROLE_LABEL, KUBERNETES_LEADER_LABEL_VALUE } = data('postgresql');
    const { selector } = find('Service', 'lab', 'postgresql').spec;
    expect(selector).toMatchObject({ [KUBERNETES_ROLE_LABEL]: KUBERNETES_LEADER_LABEL_VALUE });
    const { [KUBERNETES_ROLE_LABEL]: _, ...own } = selector;
    expect(store('postgresql').spec.template.metadata.labels).toMatchObject(own);
  });

  test('pods carry the label by which Patroni finds them, with its scope as value', () => {
    const { KUBERNETES_SCOPE_LABEL, KUBERNETES_LABELS, SCOPE } = data('postgresql');
    const { labels } = store('postgresql').spec.template.metadata;
    expect(labels).toMatchObject({ [KUBERNETES_SCOPE_LABEL]: SCOPE, ...JSON.parse(KUBERNETES_LABELS) });
  });

  test('the scope is no name of a Service, whose endpoints would be taken for the record of the leader', () => {
    const { SCOPE, KUBERNETES_USE_CONFIGMAPS } = data('postgresql');
    expect(ofKind('Service').map(({ metadata }) => metadata.name)).not.toContain(SCOPE);
    expect(KUBERNETES_USE_CONFIGMAPS).toBe('true');
  });

  test('Patroni may do at the API server what it does there, and no more', () => {
    const verbs = { pods: ['list', 'patch', 'watch'], configmaps: ['create', 'get', 'list', 'patch', 'watch'] };
    const { rules } = find('Role', 'lab', 'postgresql');
    expect(Object.fromEntries(rules.map((rule: Plain) => [rule.resources.join(), [...rule.verbs].sort()]))).toEqual(
      verbs,
    );
    expect(pod('postgresql')).toMatchObject({ serviceAccountName: 'postgresql', automountServiceAccountToken: true });
    expect(data('postgresql').KUBERNETES_BYPASS_API_SERVICE).toBe('false');
  });

  test('data is on the volume, not beside it', () => {
    const [{ metadata }] = store('postgresql').spec.volumeClaimTemplates;
    const mount = container('postgresql').volumeMounts.find(({ name }: Plain) => name === metadata.name);
    expect(data('postgresql').PGROOT.startsWith(`${mount.mountPath}/`)).toBe(true);
  });

  test("no password is one of the image's own", () => {
    for (const name of ['PGPASSWORD_SUPERUSER', 'PGPASSWORD_STANDBY']) {
      expect(variable(container('postgresql'), name).valueFrom.secretKeyRef.name).toBe('postgresql-admin');
    }
  });

  test('clients that do not encrypt get in, with a password', () => {
    const { pg_hba } = spilo.postgresql;
    expect(pg_hba).toContain('host all all all scram-sha-256');
    expect(pg_hba.filter((line: string) => line.startsWith('hostnossl'))).toEqual([]);
    expect(pg_hba.filter((line: string) => /^host.* (trust|md5)$/.test(line))).toEqual([]);
  });

  test('a Job makes users and databases, which the image does not', () => {
    expect(ofKind('Job').map(({ metadata }) => metadata.name)).toContainEqual(
      expect.stringMatching(/^postgresql-bootstrap/),
    );
  });

  test('Patroni is asked how a member is, not whether a port is open', () => {
    const { readinessProbe, livenessProbe } = container('postgresql');
    expect([readinessProbe.httpGet.path, livenessProbe.httpGet.path]).toEqual(['/readiness', '/liveness']);
  });
});

describe('PgBouncer and PostgreSQL 18 [16]', () => {
  const ini = () => data('postgresql-pooler-files')['etc_pgbouncer_pgbouncer.ini'] as string;

  test('the pooler listens where its Service leads to', () => {
    const [{ port, targetPort = port }] = find('Service', 'lab', 'postgresql-pooler').spec.ports;
    const { ports } = find('Deployment', 'lab', 'postgresql-pooler').spec.template.spec.containers[0];
    const [{ containerPort, name }] = ports;
    expect(port).toBe(6432);
    expect([containerPort, name]).toContain(targetPort);
    expect(ini()).toContain('listen_port = 6432');
  });

  test('it speaks SCRAM, as the server asks', () => {
    expect(ini()).toContain('auth_type = scram-sha-256');
  });

  test('it pools transactions, prepared statements included', () => {
    expect(ini()).toContain('pool_mode = transaction');
    expect(ini()).toMatch(/max_prepared_statements = [1-9]/);
  });

  test('passwords are in no URL that it would cut', () => {
    expect(ini()).not.toMatch(/password|postgres(ql)?:\/\//);
    expect(data('postgresql-pooler-files')['scripts_start.sh']).toContain('"$PASSWORD_OF_');
  });

  test('its list of users is written where it may write', () => {
    expect(ini()).toContain('auth_file = /tmp/users.txt');
  });

  test('data of 18 is where its image has it, the volume one folder up', () => {
    const { volumeMounts } = container('notes-db');
    expect(volumeMounts).toContainEqual(expect.objectContaining({ mountPath: '/var/lib/postgresql' }));
    expect(volumeMounts.map(({ mountPath }: Plain) => mountPath)).not.toContain('/var/lib/postgresql/data');
  });

  test('its version is a release', () => {
    for (const [name, image] of Object.entries(images).filter(([key]) => key.startsWith('postgres1'))) {
      expect([name, image]).toEqual([name, expect.stringMatching(/:\d+\.\d+-bookworm$/)]);
    }
  });
});
