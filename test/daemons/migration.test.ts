import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { MigrationJob } from '../../constructs/migration-job.ts';
import { waitFor } from '../cluster/client.ts';
import { render } from '../constructs/render.ts';
import { Host } from './container.ts';
import { bin, Postgres } from './postgres.ts';

const schema = `
CREATE TABLE notifications (id bigserial PRIMARY KEY, status text, metadata jsonb, failed_at timestamptz);
INSERT INTO notifications (metadata) SELECT jsonb_build_object('n', n) FROM generate_series(1, 20000) n;
`;

let server: Postgres;
let root: string;
let database = 0;

beforeAll(() => {
  server = new Postgres();
});
afterAll(() => server.stop());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'job-'));
  database += 1;
  server.create(name());
});
afterEach(() => rmSync(root, { recursive: true }));

const name = () => `app${database}`;

/** The Job of a release that holds `sql`. */
function job(sql: string, on = 'notifications USING gin (metadata)') {
  const release = mkdtempSync(join(root, 'release-'));
  writeFileSync(join(release, 'schema.sql'), sql);
  const { objects } = render((chart) => {
    new MigrationJob(chart, 'migration', {
      database: [new Credential(chart, 'database', { keys: { DATABASE_URL: 'given' } })],
      release: 'release:1.0.0',
      schema: `${release}/*.sql`,
      indexes: [{ name: 'idx_metadata', on }],
      client: 'postgres:15.18',
    });
  });
  return new Host(mkdtempSync(join(root, 'pod-')), objects, { DATABASE_URL: server.url(name()) }, [bin]);
}

const indexes = () =>
  server.query(
    name(),
    `SELECT relname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relname LIKE 'idx%'`,
  );
const rows = () => server.query(name(), 'SELECT count(*) FROM notifications');

describe('migration', () => {
  test('applies the schema, then builds the index', async () => {
    expect(await job(schema).run('Job')).toMatchObject({ code: 0 });
    expect(rows()).toEqual(['20000']);
    expect(indexes()).toEqual(['idx_metadata|t']);
  });

  test('run again changes nothing, even by a schema that could not run twice', async () => {
    await job(schema).run('Job');
    const { code, output } = await job(schema).run('Job');
    expect(code).toBe(0);
    expect(output).toContain('this schema is applied');
    expect(rows()).toEqual(['20000']);
  });

  test('the next release is applied on top', async () => {
    await job(schema).run('Job');
    expect(await job('ALTER TABLE notifications ADD COLUMN channel text;').run('Job')).toMatchObject({ code: 0 });
    expect(server.query(name(), 'SELECT count(channel) FROM notifications')).toEqual(['0']);
  });

  test('two at once take turns', async () => {
    const results = await Promise.all([job(schema).run('Job'), job(schema).run('Job')]);
    expect(results).toEqual([expect.objectContaining({ code: 0 }), expect.objectContaining({ code: 0 })]);
    expect(rows()).toEqual(['20000']);
    expect(indexes()).toEqual(['idx_metadata|t']);
  });

  test('a schema that breaks off leaves nothing behind, and fails', async () => {
    const { code, output } = await job(`${schema} SELECT broken;`).run('Job');
    expect(code).not.toBe(0);
    expect(output).toContain('column "broken" does not exist');
    expect(server.query(name(), `SELECT to_regclass('notifications') IS NULL`)).toEqual(['t']);
    expect(await job(schema).run('Job')).toMatchObject({ code: 0 });
  });

  test('an index that an interrupted run left invalid is built anew', async () => {
    await job(schema, 'notifications (status)').run('Job');
    server.query(name(), `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_metadata'::regclass`);
    expect(await job(schema).run('Job')).toMatchObject({ code: 0 });
    expect(indexes()).toEqual(['idx_metadata|t']);
    expect(server.query(name(), `SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_metadata'`)).toEqual([
      expect.stringContaining('USING gin (metadata)'),
    ]);
  });

  /** Until a connection to the database is in a state. */
  const active = (condition: string) =>
    waitFor(condition, async () => {
      const asked = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`;
      return server.query(name(), asked).length > 0;
    });

  test('the index is built while others write', async () => {
    await job(schema).run('Job');
    server.query(name(), 'DROP INDEX idx_metadata');
    // Holds a row lock: CREATE INDEX without CONCURRENTLY, or in a transaction, would shut writers out behind it.
    const writer = spawn(join(bin, 'psql'), ['-Xq', server.url(name())]);
    const written = new Promise((resolve) => writer.on('close', resolve));
    writer.stdin.write('BEGIN; UPDATE notifications SET status = 1 WHERE id = 1;\n');
    await active("state = 'idle in transaction'");
    const migration = job(schema).run('Job');
    await active("query ILIKE '%CREATE INDEX%' AND wait_event_type = 'Lock'");
    server.query(name(), "SET lock_timeout = '2s'; INSERT INTO notifications (status) VALUES ('new')");
    expect(indexes()).not.toEqual(['idx_metadata|t']);
    writer.stdin.end('COMMIT;\n');
    expect(await written).toBe(0);
    expect(await migration).toMatchObject({ code: 0 });
    expect(indexes()).toEqual(['idx_metadata|t']);
  });

  test('a statement that cannot get its lock gives up, so that nobody queues behind it for long', async () => {
    await job(schema).run('Job');
    const reader = spawn(join(bin, 'psql'), [
      '-Xqc',
      'BEGIN; SELECT count(*) FROM notifications; SELECT pg_sleep(600)',
      server.url(name()),
    ]);
    await active("wait_event = 'PgSleep'");
    const { code, output } = await job('ALTER TABLE notifications ADD COLUMN late text;').run('Job');
    reader.kill();
    expect(code).not.toBe(0);
    expect(output).toContain('lock timeout');
  });
});
