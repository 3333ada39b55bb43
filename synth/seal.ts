import { constants, createCipheriv, createHash, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import type { Sealed } from '../imports/relations.ts';
import { groupBy } from './group-by.ts';
import type { Declared, Finding, KubeObject } from './manifest.ts';
import { parse as read } from './read/documents.ts';
import { map } from './resolve/json.ts';

/** A sealed file as it stands under `clusters/<env>/secrets/`. */
export interface SealedFile {
  /** Relative to the environment's folder: `secrets/notifi.rabbitmq.yaml`. */
  readonly path: string;
  readonly text: string;
}

interface SealedSecret extends KubeObject {
  readonly spec: {
    readonly encryptedData?: Readonly<Record<string, string>>;
    readonly template?: { readonly type?: string; readonly metadata?: KubeObject['metadata'] };
  };
}

/** The sealed files of one environment in its tree, which is read relative to `clusters/`. */
export const sealedFiles = (tree: ReadonlyMap<string, string>, environment: string): SealedFile[] =>
  [...tree].flatMap(([path, text]) =>
    path.startsWith(`${environment}/secrets/`) && /\.ya?ml$/.test(path)
      ? [{ path: path.slice(environment.length + 1), text }]
      : [],
  );

/** Where `npm run seal` puts the SealedSecret of one Secret. */
export const sealedPath = ({ namespace, name }: Pick<Sealed, 'namespace' | 'name'>) =>
  `secrets/${namespace}.${name}.yaml`;

/**
 * Encrypts one value as the sealed-secrets controller reads it, in its strict scope: bound to this namespace and name.
 * Format: https://github.com/bitnami-labs/sealed-secrets/blob/main/pkg/crypto/crypto.go (HybridEncrypt).
 */
export function encrypt(value: Buffer, key: KeyObject, { namespace, name }: Pick<Sealed, 'namespace' | 'name'>) {
  const sessionKey = randomBytes(32);
  const wrapped = publicEncrypt(
    {
      key,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(`${namespace}/${name}`),
    },
    sessionKey,
  );
  // The session key is used once, so the controller's all-zero nonce is safe.
  const cipher = createCipheriv('aes-256-gcm', sessionKey, Buffer.alloc(12));
  const size = Buffer.alloc(2);
  size.writeUInt16BE(wrapped.length);
  return Buffer.concat([size, wrapped, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/**
 * The SealedSecret with `values` sealed and every other key of `current` kept as it was: sealing is not
 * deterministic, so only what changed may change in the diff.
 * @throws where what would be kept was sealed in a wider scope, and would open no more
 */
export function sealSecret(
  { namespace, name, type = 'Opaque', keys, labels }: Sealed,
  values: Readonly<Record<string, Buffer>>,
  key: KeyObject,
  current?: KubeObject,
): KubeObject {
  const kept = (current as SealedSecret | undefined)?.spec.encryptedData ?? {};
  const lost = keys.filter((entry) => kept[entry] && !values[entry]);
  if (current && scopeOf(current) && lost.length) {
    throw new Error(
      `${namespace}/${name}: was sealed in a wider scope, and what is kept of it would not open in the strict one; give ${lost.join(', ')} too`,
    );
  }
  const encryptedData = Object.fromEntries(
    [...keys].sort().flatMap((entry) => {
      const value = values[entry];
      const sealed = value ? encrypt(value, key, { namespace, name }) : kept[entry];
      return sealed ? [[entry, sealed]] : [];
    }),
  );
  return {
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name, namespace },
    spec: { encryptedData, template: { metadata: { name, namespace, ...(labels && { labels }) }, type } },
  };
}

/** The SealedSecret of one Secret among the committed files, and where it stands. */
export const sealedSecretOf = (files: readonly SealedFile[], secret: Pick<Sealed, 'namespace' | 'name'>) =>
  parse(files).find(({ object }) => isOf(object, secret));

/** Digests of the ciphertext by `<namespace>/<name>`: a consumer that carries one restarts when a value is sealed anew. */
export const digestsOf = (files: readonly SealedFile[]): ReadonlyMap<string, string> =>
  new Map(
    parse(files).map(({ object: { metadata, spec } }) => [
      `${metadata.namespace}/${metadata.name}`,
      createHash('sha256')
        .update(JSON.stringify(spec.encryptedData ?? {}))
        .digest('hex')
        .slice(0, 16),
    ]),
  );

/** One set of values and the Secrets that hold it, one per namespace that reads it. */
export interface Credential {
  readonly name: string;
  readonly copies: readonly Sealed[];
  readonly keys: readonly string[];
  /** Keys that every copy has sealed, and those that some have. */
  readonly sealed: ReadonlySet<string>;
  readonly halfSealed: ReadonlySet<string>;
  /** Length of what may be made up. */
  readonly generate: Readonly<Record<string, number>>;
  readonly type: string;
}

/** What the charts need sealed, in the order they ask for it. */
export function credentialsOf(declared: readonly Declared[], files: readonly SealedFile[]): Credential[] {
  const wanted = declared.flatMap(({ sealed, path }) => (sealed ? [{ ...sealed, path }] : []));
  const found = parse(files);
  const groups = groupBy(wanted, ({ path, name }) => `${path} ${name}`);
  return [...groups.values()].map((copies) => {
    const { name, keys, generate = {}, type = 'Opaque' } = copies[0]!;
    const present = copies.map(
      (copy) => found.find(({ object }) => isOf(object, copy))?.object.spec.encryptedData ?? {},
    );
    const having = (test: (has: (key: string) => boolean[]) => (key: string) => boolean) =>
      new Set(keys.filter(test((key) => present.map((data) => key in data))));
    const sealed = having((has) => (key) => has(key).every(Boolean));
    const halfSealed = having((has) => (key) => has(key).some(Boolean) && !sealed.has(key));
    return { name, copies, keys, sealed, halfSealed, generate, type };
  });
}

/** Undefined where it is bound to its namespace and name. @see https://github.com/bitnami-labs/sealed-secrets#scopes */
export const scopeOf = ({ metadata: { annotations = {} } }: KubeObject) =>
  (['cluster-wide', 'namespace-wide'] as const).find(
    (scope) => annotations[`sealedsecrets.bitnami.com/${scope}`] === 'true',
  );

/** Secrets that the charts need sealed, each with the keys that these files lack. */
export function sealedGaps(declared: readonly Declared[], files: readonly SealedFile[]) {
  const present = parse(files);
  return declared.flatMap(({ sealed, source }) => {
    if (!sealed) return [];
    const { namespace, name } = sealed;
    const found = present.find(({ object }) => isOf(object, sealed))?.object.spec.encryptedData ?? {};
    const keys = sealed.keys.filter((key) => !found[key]);
    return keys.length ? [{ namespace, name, keys, source }] : [];
  });
}

export const isOf = ({ metadata }: KubeObject, { namespace, name }: Pick<Sealed, 'namespace' | 'name'>) =>
  metadata.namespace === namespace && metadata.name === name;

/** One SealedSecret, and the file it stands in. */
export interface Parsed {
  readonly path: string;
  readonly object: SealedSecret;
}

/** What of the files can be read: people own them, and leave conflicts in them. `faultsOf` tells the rest. */
export const parse = (files: readonly SealedFile[]): Parsed[] =>
  files.flatMap(({ path, text }) =>
    read(text, path).documents.flatMap(({ object }) =>
      object.kind === 'SealedSecret' ? [{ path, object: { ...object, spec: map(object.spec) } }] : [],
    ),
  );

/** What of the files cannot be read. */
export const faultsOf = (environment: string, files: readonly SealedFile[]): Finding[] =>
  files.flatMap(({ path, text }) => read(text, `clusters/${environment}/${path}`).findings);
