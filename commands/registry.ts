import { imageReference, repositoryOf } from '../synth/image-reference.ts';

/** An answer that took longer is none. */
const PATIENCE = 20_000;

const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

interface Platform {
  readonly os?: string;
  readonly architecture?: string;
}

/**
 * The architectures that an image exists for under Linux, by its index, or where it has none, by its one configuration.
 * Asks its registry without a login; a registry on this machine is spoken to without TLS, as Docker does.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 * @throws where there is no such image, or no answer
 */
export async function architecturesOf(image: string): Promise<string[]> {
  const { tag = 'latest', digest } = imageReference(image);
  const repository = repositoryOf(image);
  const registry = repository.slice(0, repository.indexOf('/'));
  const get = client(registry, repository.slice(registry.length + 1));

  const { manifests, config } = await get(`manifests/${digest ?? tag}`, [...INDEXES, ...MANIFESTS]);
  const platforms: Platform[] = manifests
    ? manifests.map(({ platform }: { platform?: Platform }) => platform ?? {})
    : [await get(`blobs/${config.digest}`, [config.mediaType])];
  const found = platforms.flatMap(({ os, architecture }) => (os === 'linux' && architecture ? [architecture] : []));
  return [...new Set(found)].sort();
}

/** Reads below one repository; a token is got once the registry asks for one. */
function client(registry: string, path: string) {
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(registry);
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const base = `${isHere ? 'http' : 'https'}://${host}/v2/${path}`;
  let authorization: string | undefined;
  const ask = (what: string, accept: readonly string[]) =>
    fetch(`${base}/${what}`, {
      headers: { accept: accept.join(', '), ...(authorization && { authorization }) },
      signal: AbortSignal.timeout(PATIENCE),
    });

  // biome-ignore lint/suspicious/noExplicitAny: documents of several kinds
  return async (what: string, accept: readonly string[]): Promise<any> => {
    let answer = await ask(what, accept);
    const challenge = answer.headers.get('www-authenticate');
    if (answer.status === 401 && challenge && !authorization) {
      authorization = `Bearer ${await tokenFor(challenge)}`;
      answer = await ask(what, accept);
    }
    if (!answer.ok) throw new Error(`${registry} answers ${answer.status} ${answer.statusText} for ${path} ${what}`);
    return answer.json();
  };
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
async function tokenFor(challenge: string): Promise<string> {
  const { realm, ...parameters } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
  );
  if (!/^bearer /i.test(challenge) || !realm) throw new Error(`it asks for a login (${challenge.split(' ')[0]})`);
  const answer = await fetch(`${realm}?${new URLSearchParams(parameters)}`, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${realm} answers ${answer.status} ${answer.statusText}`);
  const { token, access_token } = await answer.json();
  return token ?? access_token;
}
