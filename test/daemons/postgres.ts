import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const versions = '/usr/lib/postgresql';

/** Folder of the newest PostgreSQL of Debian on this machine. */
export const bin = join(
  versions,
  readdirSync(versions)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1)!,
  'bin',
);

/** A PostgreSQL server of its own, reachable by a socket only: two test runs never meet. */
export class Postgres {
  readonly folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  readonly #data = join(this.folder, 'data');

  constructor() {
    if (process.getuid?.() === 0) {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])));
      chownSync(this.folder, uid!, gid!);
    }
    this.run('initdb', ['--pgdata', this.#data, '--username=postgres', '--auth=trust', '--no-sync']);
    const options = `-c listen_addresses= -c unix_socket_directories=${this.folder} -c fsync=off`;
    this.run('pg_ctl', ['--pgdata', this.#data, '--wait', '--log', join(this.folder, 'log'), '-o', options, 'start']);
  }

  url(database: string) {
    return `postgresql://postgres@/${database}?host=${encodeURIComponent(this.folder)}`;
  }

  create(database: string) {
    this.query('postgres', `CREATE DATABASE ${database}`);
    return this.url(database);
  }

  /** Rows of the last statement, columns parted by `|`. */
  query(database: string, sql: string): string[] {
    const args = ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql, this.url(database)];
    return execFileSync(join(bin, 'psql'), args, { encoding: 'utf8' }).split('\n').filter(Boolean);
  }

  /** A setting of the whole server. */
  set(name: string, value: string) {
    this.query('postgres', `ALTER SYSTEM SET ${name} = '${value}'`);
    this.query('postgres', 'SELECT pg_reload_conf()');
  }

  stop() {
    this.run('pg_ctl', ['--pgdata', this.#data, '--mode=immediate', 'stop']);
    rmSync(this.folder, { recursive: true });
  }

  /** The server refuses to run as root. */
  private run(program: string, args: string[]) {
    const command = [join(bin, program), ...args];
    const options: ExecFileSyncOptions = { stdio: ['ignore', 'ignore', 'inherit'], cwd: this.folder };
    if (process.getuid?.() === 0) execFileSync('runuser', ['-u', 'postgres', '--', ...command], options);
    else execFileSync(command[0]!, args, options);
  }
}
