import { type Blob, digestOf, MANIFEST } from '../../synth/artifact/artifact.ts';
import { Refusal } from '../project.ts';
import type { Login } from './credentials.ts';

export interface RegistryOptions {
  /** `registry.example.org:5000` */
  readonly host: string;
  /** `team/fleet` */
  readonly name: string;
  /** Plain HTTP. */
  readonly insecure: boolean;
  /** Asked for where the registry wants one. */
  login(): Login | undefined;
  /** What is asked for where the registry gives tokens. */
  readonly access: 'pull' | 'pull,push';
}

/**
 * One repository of a registry.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #base: URL;
  #authorization: string | undefined;
  #login: Login | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    const { host, name, insecure } = options;
    // Its name is not that of its API.
    const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
    this.#base = new URL(`${insecure ? 'http' : 'https'}://${server}/v2/${name}/`);
  }

  /** The manifest that a tag or a digest stands for; undefined where there is none. `accept` are media types, the likeliest first. */
  async manifest(reference: string, accept: readonly string[] = [MANIFEST, '*/*;q=0.1']): Promise<Blob | undefined> {
    const response = await this.#ask('GET', `manifests/${reference}`, { headers: { Accept: accept.join(', ') } });
    if (response.status === 404) return undefined;
    if (!response.ok) throw await this.#refusal(response, 'read');
    const bytes = Buffer.from(await response.arrayBuffer());
    return { digest: digestOf(bytes), bytes };
  }

  async blob(digest: string, mediaType = '*/*'): Promise<Buffer> {
    const response = await this.#ask('GET', `blobs/${digest}`, { headers: { Accept: mediaType } });
    if (!response.ok) throw await this.#refusal(response, 'read');
    return Buffer.from(await response.arrayBuffer());
  }

  async has(digest: string): Promise<boolean> {
    const response = await this.#ask('HEAD', `blobs/${digest}`);
    if (response.ok || response.status === 404) return response.ok;
    throw await this.#refusal(response, 'read');
  }

  async push({ digest, bytes }: Blob) {
    const begun = await this.#ask('POST', 'blobs/uploads/', { headers: { 'Content-Length': '0' } });
    const location = begun.headers.get('location');
    if (begun.status !== 202 || !location) throw await this.#refusal(begun, 'write');
    const target = new URL(location, begun.url || this.#base);
    target.searchParams.set('digest', digest);
    const headers = { 'Content-Type': 'application/octet-stream' };
    const done = await this.#ask('PUT', target, { headers, body: bytes });
    if (done.status !== 201) throw await this.#refusal(done, 'write');
  }

  /** From here on the tag stands for it. */
  async tag(tag: string, { bytes }: Blob) {
    const response = await this.#ask('PUT', `manifests/${tag}`, { headers: { 'Content-Type': MANIFEST }, body: bytes });
    if (response.status !== 201) throw await this.#refusal(response, 'write');
  }

  async #ask(
    method: string,
    path: string | URL,
    { headers = {}, body }: { headers?: Record<string, string>; body?: Buffer } = {},
  ) {
    const url = new URL(path, this.#base);
    const send = () =>
      this.#fetch(url, {
        method,
        headers: {
          ...headers,
          // A registry may have its blobs written elsewhere, which is not to see the login.
          ...(this.#authorization && url.origin === this.#base.origin && { Authorization: this.#authorization }),
        },
        ...(body && { body: new Uint8Array(body) }),
      });
    const response = await send();
    if (response.status !== 401 || this.#authorization) return response;
    this.#authorization = await this.#answer(response.headers.get('www-authenticate') ?? '');
    if (!this.#authorization) return response;
    await response.body?.cancel();
    return send();
  }

  /** What to say to a challenge; undefined where there is nothing to say. */
  async #answer(challenge: string): Promise<string | undefined> {
    const { name, access, host } = this.#options;
    this.#login = this.#options.login();
    const login = this.#login;
    const [scheme = ''] = challenge.split(' ');
    const basic =
      login && 'user' in login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
    if (scheme.toLowerCase() === 'basic') return basic || undefined;
    if (scheme.toLowerCase() !== 'bearer') return undefined;
    const parts = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
    const { realm, service } = parts;
    if (!realm) throw new Refusal(`${host}: wants a token, and does not say from where (${challenge})`);
    const query = new URLSearchParams({ ...(service && { service }), scope: `repository:${name}:${access}` });
    const url = new URL(realm);
    const exchange = login && 'identityToken' in login && login.identityToken;
    if (exchange) {
      query.set('grant_type', 'refresh_token');
      query.set('client_id', 'fleet-synth');
      query.set('refresh_token', exchange);
    } else for (const [key, value] of query) url.searchParams.append(key, value);
    const response = await this.#fetch(url, {
      ...(exchange && { method: 'POST', body: query }),
      ...(basic && { headers: { Authorization: basic } }),
    });
    if (!response.ok) throw await this.#refusal(response, 'log in');
    const { token, access_token = token } = (await response.json()) as { token?: string; access_token?: string };
    return access_token && `Bearer ${access_token}`;
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
    } catch (error) {
      const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
      throw new Refusal(`${url.host}: ${reasonOf(cause?.code ?? cause?.message ?? message)}`);
    }
  }

  async #refusal(response: Response, what: 'read' | 'write' | 'log in'): Promise<Refusal> {
    const { host, name } = this.#options;
    const login = this.#login;
    const { status, statusText } = response;
    const said = await saidIn(response);
    if (status === 401 && !login)
      return new Refusal(`${host}: wants a login, and there is none (401${said}); docker login ${host}`);
    if (status === 401)
      return new Refusal(`${host}: does not take the login that is there (401${said}); docker login ${host}`);
    if (status === 403) {
      const right = what === 'read' ? 'pull from' : 'push to';
      return new Refusal(`${host}: the login may not ${right} ${name} (403${said}); ask its owner for that right`);
    }
    if (status === 400 && /HTTPS server|SSL/i.test(said)) {
      return new Refusal(`${host}: speaks TLS; take \`insecure: true\` from the environment's registry`);
    }
    return new Refusal(`${host}: cannot ${what} ${name} (${status} ${statusText}${said})`);
  }
}

/** The registry's own words, `{"errors": [{"code": ..., "message": ...}]}` or a line of text. */
async function saidIn(response: Response): Promise<string> {
  const body = await response.text().catch(() => '');
  try {
    const { errors = [] } = JSON.parse(body) as { errors?: { code?: string; message?: string }[] };
    return errors.map(({ code, message }) => `, ${[code, message].filter(Boolean).join(' ')}`).join('');
  } catch {
    const [line = ''] = body.trim().split('\n');
    return line && !line.startsWith('<') ? `, ${line.slice(0, 200)}` : '';
  }
}

function reasonOf(code: string): string {
  if (code === 'ECONNREFUSED') return 'not reachable: nothing listens there (ECONNREFUSED); is the registry up?';
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code)) return `not reachable: no such name here (${code})`;
  if (/WRONG_VERSION_NUMBER|EPROTO|PACKET_LENGTH/.test(code)) {
    return `does not speak TLS (${code}); where it is plain HTTP, say \`insecure: true\` at the environment's registry`;
  }
  if (/CERT|SIGNED|ISSUER/.test(code)) {
    return `its certificate is not trusted here (${code}); of an authority of your own: NODE_EXTRA_CA_CERTS=ca.pem`;
  }
  return `not reachable (${code})`;
}
