import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CONTENT } from '../flux/source.ts';
import { at, text } from '../resolve/json.ts';
import { type TarFile, tar } from './tar.ts';

/** What an artifact was made of; Flux shows revision and source. */
export interface Origin {
  /** When the commit was made, by RFC 3339. */
  readonly created: string;
  /** The repository's address. */
  readonly source: string;
  /** `main@sha1:<commit>` */
  readonly revision: string;
}

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** Its parts, and the manifest that names them, in the order in which a registry takes them. */
export interface Artifact {
  readonly blobs: readonly Blob[];
  readonly manifest: Blob;
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.cncf.flux.config.v1+json';
const ANNOTATION = 'org.opencontainers.image';

export const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * Files as an OCI artifact in the form of `flux push artifact`: one layer with the archive, a config that says what the
 * archive's digest is. The same files and the same origin give the same artifact.
 * @see https://fluxcd.io/flux/cmd/flux_push_artifact/
 */
export function artifactOf(files: readonly TarFile[], { created, source, revision }: Origin): Artifact {
  const archive = tar(files);
  const layer = blob(gzip(archive));
  const rootfs = { type: 'layers', diff_ids: [digestOf(archive)] };
  const config = blob(json({ architecture: '', os: '', config: {}, rootfs }));
  const manifest = blob(
    json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, size: config.bytes.length, digest: config.digest },
      layers: [{ mediaType: CONTENT, size: layer.bytes.length, digest: layer.digest }],
      annotations: {
        [`${ANNOTATION}.created`]: created,
        [`${ANNOTATION}.revision`]: revision,
        [`${ANNOTATION}.source`]: source,
      },
    }),
  );
  return { blobs: [layer, config], manifest };
}

/**
 * Whether two manifests name the same files of the same origin. The layer's own digest is not asked: another version of zlib
 * packs the same archive in other bytes, and the config has the digest of the archive.
 */
export function isSame(one: Buffer, other: Buffer): boolean {
  const said = (bytes: Buffer) => {
    const manifest = parsed(bytes);
    return JSON.stringify([at(manifest, 'config', 'digest'), originOf(bytes)]);
  };
  return said(one) === said(other);
}

/** Undefined where it is no artifact of Flux. */
export function originOf(manifest: Buffer): Partial<Origin> | undefined {
  const object = parsed(manifest);
  if (at(object, 'config', 'mediaType') !== CONFIG) return undefined;
  const annotation = (key: string) => text(at(object, 'annotations', `${ANNOTATION}.${key}`));
  return { created: annotation('created'), source: annotation('source'), revision: annotation('revision') };
}

const blob = (bytes: Buffer): Blob => ({ digest: digestOf(bytes), bytes });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** The header names the system it was packed on. */
function gzip(bytes: Buffer): Buffer {
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255;
  return packed;
}
