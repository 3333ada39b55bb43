// Enough of the Redis protocol to write, and a client that follows the leader as drivers do.
import { connect, type Socket } from 'node:net';

export type Reply = string | number | null | Reply[] | Error;

export class RedisConnection {
  readonly #socket: Socket;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #received = Buffer.alloc(0);

  static async open(host: string, port: number, password: string): Promise<RedisConnection> {
    const socket = connect({ host, port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(3000, () => socket.destroy(new Error(`${host}:${port}: no answer`)));
      socket.once('connect', resolve).once('error', reject);
      socket.once('close', () => reject(new Error(`${host}:${port}: closed`)));
    });
    const connection = new RedisConnection(socket);
    await connection.ask('AUTH', password);
    return connection;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const fail = () => {
      for (const done of this.#waiting.splice(0)) done(new Error('connection lost'));
    };
    socket.on('error', fail).on('close', fail);
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      for (let parsed = parse(this.#received, 0); parsed; parsed = parse(this.#received, 0)) {
        this.#received = this.#received.subarray(parsed.end);
        this.#waiting.shift()?.(parsed.reply);
      }
    });
  }

  /** Throws what the server calls an error. */
  async ask(...words: (string | number)[]): Promise<Reply> {
    const reply = await this.send(...words);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  send(...words: (string | number)[]): Promise<Reply> {
    if (this.#socket.destroyed) return Promise.resolve(new Error('connection lost'));
    const parts = words.map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`*${words.length}\r\n${parts.join('')}`);
    });
  }

  close() {
    this.#socket.destroy();
  }
}

function parse(buffer: Buffer, start: number): { reply: Reply; end: number } | undefined {
  const line = buffer.indexOf('\r\n', start);
  if (line < 0) return undefined;
  const text = buffer.toString('utf8', start + 1, line);
  let end = line + 2;
  switch (buffer[start]) {
    case 0x2d:
      return { reply: new Error(text), end };
    case 0x3a:
      return { reply: Number(text), end };
    case 0x24: {
      if (text === '-1') return { reply: null, end };
      const stop = end + Number(text);
      return buffer.length < stop + 2 ? undefined : { reply: buffer.toString('utf8', end, stop), end: stop + 2 };
    }
    case 0x2a: {
      const replies: Reply[] = [];
      for (let left = Number(text); left > 0; left -= 1) {
        const item = parse(buffer, end);
        if (!item) return undefined;
        replies.push(item.reply);
        end = item.end;
      }
      return { reply: replies, end };
    }
    default:
      return { reply: text, end };
  }
}
