// A registry on loopback that keeps what it is given in memory, and behaves as badly as a test wants.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../synth/artifact/artifact.ts';

export interface StandIn {
  /** `127.0.0.1:40123` */
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  /** By `<name>:<tag>`. */
  readonly manifests: Map<string, Buffer>;
  /** `PUT /v2/fleet/manifests/homelab`, in the order in which they came; without what follows a `?`. */
  readonly asked: string[];
  /** Who may come in. @default anybody */
  lock: 'basic' | 'bearer' | undefined;
  /** Answers a request instead of the registry, where it gives a status. */
  fault: ((request: string) => number | undefined) | undefined;
  close(): Promise<void>;
}

export const USER = 'owner';
/** Of nobody but this stand-in. */
export const PASSWORD = ['open', 'sesame'].join(':');
const TOKEN = 'a-token';

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function standIn(): Promise<StandIn> {
  const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  const it: Omit<StandIn, 'host' | 'close'> = {
    blobs: new Map(),
    manifests: new Map(),
    asked: [],
    lock: undefined,
    fault: undefined,
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const url = new URL(request.url!, `http://${request.headers.host}`);
    const asked = `${request.method} ${url.pathname}`;
    it.asked.push(asked);
    const answer = (status: number, headers: Record<string, string> = {}, content?: Buffer | string) =>
      response.writeHead(status, headers).end(content);
    const fault = it.fault?.(asked);
    if (fault) return answer(fault, {}, JSON.stringify({ errors: [{ code: 'DENIED', message: 'not today' }] }));

    const { authorization } = request.headers;
    if (url.pathname === '/token') {
      const refresh = new URLSearchParams(body.toString());
      const isKnown = authorization === basic || refresh.get('refresh_token') === PASSWORD;
      const scope = refresh.get('scope') ?? url.searchParams.get('scope');
      if (!isKnown || !scope?.startsWith('repository:team/fleet:pull')) return answer(401);
      return answer(200, {}, JSON.stringify({ token: TOKEN }));
    }
    if (it.lock && authorization !== (it.lock === 'basic' ? basic : `Bearer ${TOKEN}`)) {
      const bearer = `Bearer realm="${url.origin}/token",service="${url.host}",scope="repository:team/fleet:pull"`;
      return answer(401, { 'www-authenticate': it.lock === 'basic' ? 'Basic realm="registry"' : bearer });
    }
    const [, name = '', what, last = ''] = /^\/v2\/(.+)\/(blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (request.method === 'POST') return answer(202, { location: `/v2/${name}/blobs/uploads/1?state=begun` });
    if (request.method === 'PUT' && what === 'blobs') {
      const digest = url.searchParams.get('digest')!;
      if (url.searchParams.get('state') !== 'begun' || digestOf(body) !== digest) return answer(400);
      it.blobs.set(digest, body);
      return answer(201);
    }
    if (request.method === 'PUT') {
      const { config, layers } = JSON.parse(body.toString());
      const isWhole = [config, ...layers].every(({ digest }: { digest: string }) => it.blobs.has(digest));
      if (isWhole) it.manifests.set(`${name}:${last}`, body);
      return answer(isWhole ? 201 : 400);
    }
    const found = what === 'blobs' ? it.blobs.get(last) : it.manifests.get(`${name}:${last}`);
    return found ? answer(200, {}, request.method === 'HEAD' ? undefined : found) : answer(404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(it, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
