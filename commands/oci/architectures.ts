import { imageReference, repositoryOf } from '../../synth/image-reference.ts';
import { Registry } from './registry.ts';

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
  const host = repository.slice(0, repository.indexOf('/'));
  const name = repository.slice(host.length + 1);
  const insecure = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(host);
  const registry = new Registry({ host, name, insecure, access: 'pull', login: () => undefined });

  const found = await registry.manifest(digest ?? tag, [...INDEXES, ...MANIFESTS]);
  if (!found) throw new Error(`${host} has no ${name} of ${digest ?? tag}`);
  const { manifests, config } = JSON.parse(found.bytes.toString());
  const platforms: Platform[] = manifests
    ? manifests.map(({ platform }: { platform?: Platform }) => platform ?? {})
    : [JSON.parse((await registry.blob(config.digest, config.mediaType)).toString())];
  const architectures = platforms.flatMap(({ os, architecture }) =>
    os === 'linux' && architecture ? [architecture] : [],
  );
  return [...new Set(architectures)].sort();
}
