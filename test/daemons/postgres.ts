import { type ExecFileSyncOptions, execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
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
    const settings = ['listen_addresses=', `unix_socket_directories=${this.folder}`, 'fsync=off'];
    const log = openSync(join(this.folder, 'log'), 'a');
    // Ends with this process, however that ends: pg_ctl would start one that stays.
    const user = process.getuid?.() === 0 ? ['--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
    const command = [...user, '--pdeathsig=QUIT', join(bin, 'postgres'), '-D', this.#data];
    const args = [...command, ...settings.flatMap((setting) => ['-c', setting])];
    spawn('setpriv', args, { stdio: ['ignore', log, log], cwd: this.folder }).unref();
    closeSync(log);
    const ready = 'until "$0" --quiet --host="$1"; do sleep 0.05; done';
    execFileSync('timeout', ['60', 'sh', '-c', ready, join(bin, 'pg_isready'), this.folder]);
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
