/** What an image is pulled by: `ghcr.io/org/app:1.4.2@sha256:...`. */
export interface ImageReference {
  /** As written, without what stands behind it: `redis`. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

export function imageReference(image: string): ImageReference {
  const [rest = '', digest] = image.split('@');
  const colon = rest.lastIndexOf(':');
  const tagged = colon > rest.lastIndexOf('/');
  return { name: tagged ? rest.slice(0, colon) : rest, tag: tagged ? rest.slice(colon + 1) : undefined, digest };
}

/**
 * The repository in full, as the container runtime understands the name: `docker.io/library/redis` for `redis:7`.
 * @see https://github.com/distribution/reference/blob/main/normalize.go
 */
export function repositoryOf(image: string): string {
  const { name } = imageReference(image);
  const slash = name.indexOf('/');
  const host = name.slice(0, Math.max(slash, 0));
  const isHost = host === 'localhost' || /[.:]/.test(host);
  const [registry, path] = isHost
    ? [host.replace(/^index\.(?=docker\.io$)/, ''), name.slice(slash + 1)]
    : ['docker.io', name];
  return `${registry}/${registry === 'docker.io' && !path.includes('/') ? 'library/' : ''}${path}`;
}
