// Enough of AMQP 0-9-1 to publish with confirms and to read back: https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf
import { connect, type Socket } from 'node:net';

const short = (n: number) => Buffer.from([n >> 8, n & 255]);
const long = (n: number) => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
const name = (text: string) => Buffer.from([Buffer.byteLength(text), ...Buffer.from(text)]);
const text = (value: string) => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);
const bits = (value: number) => Buffer.from([value]);
const NONE = long(0);

/** Frames; a method's begins with its class and number. */
const METHOD = 1;
const HEADER = 2;
const BODY = 3;

interface Frame {
  readonly type: number;
  /** `60.80` of a method. */
  readonly method: string;
  readonly payload: Buffer;
}

export interface Account {
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  readonly user: string;
  readonly password: string;
}

export class AmqpConnection {
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => undefined;
  #failure?: Error;
  #received = Buffer.alloc(0);

  /** Rejects with what the server says where it refuses. */
  static async open({ host, port, vhost, user, password }: Account): Promise<AmqpConnection> {
    const connection = new AmqpConnection(connect({ host, port, noDelay: true }));
    connection.#socket.write('AMQP\0\0\x09\x01', 'latin1');
    await connection.#answer('10.10');
    // So that a refusal has a reason.
    const capabilities = Buffer.concat([name('authentication_failure_close'), Buffer.from('t\x01', 'latin1')]);
    const table = Buffer.concat([name('capabilities'), Buffer.from('F'), long(capabilities.length), capabilities]);
    const properties = Buffer.concat([long(table.length), table]);
    connection.#send(10, 11, 0, [properties, name('PLAIN'), text(`\0${user}\0${password}`), name('en_US')]);
    await connection.#answer('10.30');
    connection.#send(10, 31, 0, [short(1), long(131_072), short(0)]);
    connection.#send(10, 40, 0, [name(vhost), name(''), bits(0)]);
    await connection.#answer('10.41');
    connection.#send(20, 10, 1, [name('')]);
    await connection.#answer('20.11');
    connection.#send(85, 10, 1, [bits(0)]);
    await connection.#answer('85.11');
    return connection;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const fail = (error: Error) => {
      this.#failure ??= error;
      this.#wake();
    };
    socket.on('error', fail).on('close', () => fail(new Error('connection lost')));
    socket.on('data', (data) => this.#read(data));
  }

  /** Until the server confirms it: `returned` where no queue takes it, `refused` where one is full. */
  async publish(exchange: string, key: string, body: string, expiration?: string): Promise<string> {
    const mandatory = 1;
    this.#send(60, 40, 1, [short(0), name(exchange), name(key), bits(mandatory)]);
    const content = Buffer.from(body);
    // Kept on disk (delivery-mode 2), and gone after so many milliseconds.
    const flags = 0x1000 | (expiration ? 0x0100 : 0);
    const properties = [short(flags), bits(2), ...(expiration ? [name(expiration)] : [])];
    this.#frame(HEADER, 1, Buffer.concat([short(60), short(0), NONE, long(content.length), ...properties]));
    this.#frame(BODY, 1, content);
    const { method } = await this.#answer('60.80', '60.120', '60.50');
    if (method === '60.80') return 'confirmed';
    if (method === '60.120') return 'refused';
    await this.#answer('60.80');
    return 'returned';
  }

  /** The next message of a queue, taken out of it. */
  async get(queue: string): Promise<string | undefined> {
    this.#send(60, 70, 1, [short(0), name(queue), bits(1)]);
    const { method } = await this.#answer('60.71', '60.72');
    return method === '60.72' ? undefined : (await this.#next(BODY)).payload.toString();
  }

  close() {
    this.#socket.destroy();
  }

  #send(kind: number, number: number, channel: number, args: readonly Buffer[]) {
    this.#frame(METHOD, channel, Buffer.concat([short(kind), short(number), ...args]));
  }

  #frame(type: number, channel: number, payload: Buffer) {
    this.#socket.write(Buffer.concat([bits(type), short(channel), long(payload.length), payload, bits(0xce)]));
  }

  #read(data: Buffer) {
    this.#received = Buffer.concat([this.#received, data]);
    while (this.#received.length >= 8) {
      const end = 7 + this.#received.readUInt32BE(3);
      if (this.#received.length <= end) break;
      const payload = this.#received.subarray(7, end);
      const type = this.#received[0]!;
      const method = type === METHOD ? `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}` : '';
      this.#frames.push({ type, method, payload });
      this.#received = this.#received.subarray(end + 1);
    }
    this.#wake();
  }

  /** The next method, which has to be one of these; contents of others are skipped. */
  async #answer(...methods: readonly string[]): Promise<Frame> {
    const frame = await this.#next(METHOD);
    if (methods.includes(frame.method)) return frame;
    // connection.close and channel.close tell why.
    const reason = frame.payload.subarray(7, 7 + frame.payload[6]!);
    throw new Error(frame.method === '10.50' || frame.method === '20.40' ? `${reason}` : `unexpected ${frame.method}`);
  }

  async #next(type: number): Promise<Frame> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) if (frame.type === type) return frame;
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
