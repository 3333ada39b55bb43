// The processes of one bed: each writes to its own log file, and none outlives the process that started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** util-linux's setpriv lets the kernel end a component with its parent, however that ended (kill -9, a crash). */
const withParent = ['/usr/bin/setpriv', '/bin/setpriv']
  .filter(existsSync)
  .slice(0, 1)
  .flatMap((setpriv) => [setpriv, '--pdeathsig', 'KILL', '--']);

export interface StartOptions {
  readonly env?: Record<string, string>;
  /** Program and arguments that end in running the rest of the command line, such as `unshare`. */
  readonly wrapper?: string[];
}

export class Processes {
  readonly #dir: string;
  readonly #running = new Map<string, ChildProcess>();
  readonly #onExit = () => this.#kill();

  /** `dir` takes the log files. */
  constructor(dir: string) {
    this.#dir = dir;
    process.on('exit', this.#onExit);
  }

  start(name: string, program: string, args: string[], options: StartOptions = {}): void {
    const command = [...(options.wrapper ?? []), ...withParent, program, ...args];
    // No component has business outside loopback: what does not name it ends at a closed port.
    const nowhere = 'http://127.0.0.1:9';
    const proxy = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: 'localhost,127.0.0.0/8,.svc' };
    const log = openSync(this.#file(name), 'a');
    const child = spawn(command[0]!, command.slice(1), {
      cwd: this.#dir,
      env: { PATH: process.env['PATH'], HOME: this.#dir, ...proxy, ...options.env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.on('exit', () => this.#running.delete(name));
    this.#running.set(name, child);
  }

  /** Names a component that ended on its own, with the end of its log: no wait for it can succeed. */
  assertRunning(name: string): void {
    if (this.#running.has(name)) return;
    throw new Error(`${name} ended by itself: ${this.log(name).trimEnd().split('\n').slice(-5).join('\n')}`);
  }

  log(name: string): string {
    return readFileSync(this.#file(name), 'utf8');
  }

  /** Ends everything at once: the state is thrown away, so nobody needs a graceful shutdown. */
  async stop(): Promise<void> {
    const ended = [...this.#running.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    this.#kill();
    await Promise.all(ended);
    process.off('exit', this.#onExit);
  }

  #kill(): void {
    for (const child of this.#running.values()) child.kill('SIGKILL');
  }

  #file(name: string): string {
    return join(this.#dir, `${name}.log`);
  }
}
