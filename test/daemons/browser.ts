// Debian's Chromium, driven through its own protocol over a pipe: https://chromedevtools.github.io/devtools-protocol/
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

type Json = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly message: string };
}

/** One page. Whatever it complains about is kept in `complaints`. */
export class Browser {
  readonly complaints: string[] = [];
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #loads: (() => void)[] = [];
  #session?: string;
  #sent = 0;

  private constructor() {
    this.#profile = mkdtempSync(join(tmpdir(), 'fleet-browser-'));
    const flags = [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--remote-debugging-pipe'],
      `--user-data-dir=${this.#profile}`,
    ];
    this.#process = spawn('chromium', [...flags, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let rest = '';
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop()!;
      for (const message of messages) this.#read(JSON.parse(message));
    });
  }

  static async start(): Promise<Browser> {
    const browser = new Browser();
    const failed = new Promise<never>((_, reject) => {
      browser.#process.once('error', ({ message }) =>
        reject(new Error(`chromium: ${message}; Debian's package is chromium`)),
      );
    });
    await Promise.race([browser.#attach(), failed]);
    return browser;
  }

  async #attach() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    this.#session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.send(`${domain}.enable`);
  }

  #read({ id, method, params = {}, ...answer }: Message) {
    if (id !== undefined) this.#answers.get(id)?.(answer);
    else if (method === 'Page.loadEventFired') for (const loaded of this.#loads.splice(0)) loaded();
    else if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params['exceptionDetails']));
    else if (method === 'Log.entryAdded') this.complaints.push(JSON.stringify(params['entry']));
    else if (method === 'Runtime.consoleAPICalled') this.complaints.push(JSON.stringify(params['args']));
    else if (method === 'Network.requestWillBeSent') {
      const { url } = params['request'] as { url: string };
      if (!/^(?:file|data|about):/.test(url)) this.complaints.push(`asks the network for ${url}`);
    }
  }

  /** One command of the protocol; its answer within a minute. */
  send(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method}: no answer in a minute`)), 60_000);
      this.#answers.set(id, ({ result, error }) => {
        clearTimeout(late);
        this.#answers.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      const message = { id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) };
      (this.#process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    });
  }

  async open(url: string) {
    const loaded = new Promise<void>((resolve) => this.#loads.push(resolve));
    await this.send('Page.navigate', { url });
    await loaded;
  }

  /** The value of an expression in the page. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  }

  /** Presses and releases a key, as a person would. */
  async press(key: string) {
    const codes: Readonly<Record<string, number>> = { Enter: 13, Escape: 27, Tab: 9 };
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
    const code = codes[key] ?? key.toUpperCase().charCodeAt(0);
    const event = { key, windowsVirtualKeyCode: code, ...(text ? { text } : {}) };
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  async type(text: string) {
    for (const character of text) await this.press(character);
  }

  async prefer(scheme: 'light' | 'dark') {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  /** A picture of the page, or of what is in sight of it, for a person to look at. */
  async picture({ whole } = { whole: true }): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
    return Buffer.from(data as string, 'base64');
  }

  async stop() {
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    // With its children, which would go on writing into the profile.
    process.kill(-this.#process.pid!, 'SIGKILL');
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
