// Enough of S3 to write, read and list: requests signed by AWS' Signature Version 4.
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** What a client of a bucket is told, by the names of AWS' SDKs. */
export interface S3Settings {
  readonly AWS_ENDPOINT_URL_S3: string;
  readonly AWS_REGION: string;
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
  readonly S3_BUCKET: string;
  readonly S3_FORCE_PATH_STYLE: string;
}

/** Milliseconds after which a request has failed. */
const PATIENCE = 5000;

export class S3Error extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`${status} ${/<Code>(.*?)<\/Code>/.exec(body)?.[1] ?? body}`);
    this.status = status;
  }
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();
const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

export class S3Client {
  readonly #settings: S3Settings;
  readonly #resolve: (host: string) => string;

  /** `resolve` is the cluster's DNS. */
  constructor(settings: S3Settings, resolve: (host: string) => string) {
    this.#settings = settings;
    this.#resolve = resolve;
  }

  async put(key: string, body: Buffer | string) {
    await this.#ask('PUT', key, {}, Buffer.from(body));
  }

  async get(key: string): Promise<Buffer> {
    return this.#ask('GET', key);
  }

  async delete(key: string) {
    await this.#ask('DELETE', key);
  }

  /** Every key, in order. */
  async list(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for (let token = ''; ; ) {
      const query = { 'list-type': '2', prefix, ...(token && { 'continuation-token': token }) };
      const page = (await this.#ask('GET', '', query)).toString();
      keys.push(...[...page.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key!));
      token = /<NextContinuationToken>(.*?)</.exec(page)?.[1] ?? '';
      if (!token) return keys;
    }
  }

  /** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
  #ask(method: string, key: string, query: Readonly<Record<string, string>> = {}, body = Buffer.alloc(0)) {
    const { AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, S3_BUCKET } = this.#settings;
    const { hostname, port } = new URL(AWS_ENDPOINT_URL_S3);
    const isPath = this.#settings.S3_FORCE_PATH_STYLE === 'true';
    const host = isPath ? hostname : `${S3_BUCKET}.${hostname}`;
    const headers: Record<string, string> = {
      host: `${host}:${port}`,
      'x-amz-content-sha256': sha256(body),
      'x-amz-date': new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''),
    };
    const date = headers['x-amz-date']!;
    const path = `${isPath ? `/${S3_BUCKET}` : ''}/${key.split('/').map(escaped).join('/')}`;
    const search = Object.entries(query)
      .map((pair) => pair.map(escaped).join('='))
      .sort()
      .join('&');
    const names = Object.keys(headers).join(';');
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    const canonical = [method, path, search, lines.join(''), names, headers['x-amz-content-sha256']].join('\n');
    const scope = `${date.slice(0, 8)}/${AWS_REGION}/s3/aws4_request`;
    const signing = [date.slice(0, 8), AWS_REGION, 's3', 'aws4_request'].reduce<Buffer | string>(
      hmac,
      `AWS4${AWS_SECRET_ACCESS_KEY}`,
    );
    const signature = hmac(signing, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${names}, Signature=${signature}`;

    return new Promise<Buffer>((resolve, reject) => {
      const sent = request({
        host: this.#resolve(host),
        port,
        method,
        path: search ? `${path}?${search}` : path,
        headers: { ...headers, authorization, 'content-length': body.length },
        agent: false,
        signal: AbortSignal.timeout(PATIENCE),
      });
      sent.on('error', reject).on('response', async (response) => {
        const content = await buffer(response).catch(reject);
        if (!content) return;
        const { statusCode = 0 } = response;
        if (statusCode < 300) resolve(content);
        else reject(new S3Error(statusCode, content.toString()));
      });
      sent.end(body);
    });
  }
}
