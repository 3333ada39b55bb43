import { constants, createCipheriv, createHash, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import { load } from 'js-yaml';
import type { Sealed } from '../imports/relations.ts';
import { type Declared, type Finding, type KubeObject, nameOf } from './manifest.ts';

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
 */
export function sealSecret(
  { namespace, name, type = 'Opaque', keys, labels }: Sealed,
  values: Readonly<Record<string, Buffer>>,
  key: KeyObject,
  current?: KubeObject,
): KubeObject {
  const kept = (current as SealedSecret | undefined)?.spec.encryptedData ?? {};
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

/** The SealedSecret of one Secret among the committed files. */
export function sealedSecretOf(files: readonly SealedFile[], { namespace, name }: Pick<Sealed, 'namespace' | 'name'>) {
  return parse(files).find(({ object }) => object.metadata.namespace === namespace && object.metadata.name === name)
    ?.object;
}

/** Digests of the ciphertext by `<namespace>/<name>`: a consumer that carries one restarts when a value is sealed anew. */
export const digestsOf = (files: readonly SealedFile[]): ReadonlyMap<string, string> =>
  new Map(
    parse(files).map(({ object: { metadata, spec } }) => [
      `${metadata.namespace}/${metadata.name}`,
      createHash('sha256').update(JSON.stringify(spec.encryptedData)).digest('hex').slice(0, 16),
    ]),
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

/**
 * Compares the Secrets that the charts need sealed with the sealed files that are there: one list of those that are
 * missing or lack keys, with the command that makes them; an error for a file that no consumer could ever read.
 */
export function checkSealed(
  environment: string,
  declared: readonly Declared[],
  files: readonly SealedFile[],
): Finding[] {
  const present = parse(files);
  const rule = 'sealed-secret';
  const wanted = declared.flatMap(({ sealed, source }) => (sealed ? [{ ...sealed, source }] : []));

  const gaps = sealedGaps(declared, files).map(({ namespace, name, keys, source }) => {
    const place = source ? ` (${source.file}:${source.line})` : '';
    return `${namespace}/${name}: ${keys.join(', ')}${place}`;
  });
  const missing: Finding[] = gaps.length
    ? [
        {
          rule,
          severity: 'warning',
          object: `clusters/${environment}/secrets`,
          message: `${gaps.length} Secrets are not sealed yet, and the pods that read them do not start:\n    ${gaps.join('\n    ')}`,
          fix: `npm run seal -- ${environment} <namespace>/<name>`,
        },
      ]
    : [];

  const unreadable = present.flatMap(({ object, path }): Finding[] => {
    const template = object.spec.template?.metadata;
    const wrong = (['namespace', 'name'] as const).filter(
      (field) => template?.[field] && template[field] !== object.metadata[field],
    );
    const stranger = !wanted.some(
      ({ namespace, name }) => namespace === object.metadata.namespace && name === object.metadata.name,
    );
    const elsewhere = wanted.find(({ name }) => name === object.metadata.name);
    if (!wrong.length && !(stranger && elsewhere)) return [];
    return [
      {
        rule,
        severity: 'error',
        object: nameOf(object),
        file: path,
        message: wrong.length
          ? `its template names another ${wrong.join(' and ')}; a sealed value opens only under the one it was sealed for`
          : `nothing reads it in namespace ${object.metadata.namespace}; ${elsewhere!.namespace}/${elsewhere!.name} is what is read`,
        fix: `delete it and run npm run seal -- ${environment} ${(elsewhere ?? object.metadata).namespace}/${object.metadata.name}`,
      },
    ];
  });
  return [...missing, ...unreadable, ...unlabelled(environment, wanted, present)];
}

/** Sealed by hand, or before its reader asked for labels. */
const unlabelled = (environment: string, wanted: readonly Sealed[], present: ReturnType<typeof parse>): Finding[] =>
  present.flatMap(({ object, path }) => {
    const { labels = {} } = wanted.find((each) => isOf(object, each)) ?? {};
    const has = object.spec.template?.metadata?.labels ?? {};
    const lacking = Object.entries(labels).filter(([key, value]) => has[key] !== value);
    if (!lacking.length) return [];
    const { namespace, name } = object.metadata;
    return [
      {
        rule: 'sealed-secret',
        severity: 'error' as const,
        object: nameOf(object),
        file: path,
        message: `its template lacks ${lacking.map((label) => label.join('=')).join(', ')}, without which its reader does not find the Secret`,
        fix: `npm run seal -- ${environment} ${namespace}/${name} adds the labels, and keeps the values`,
      },
    ];
  });

const isOf = ({ metadata }: KubeObject, { namespace, name }: Pick<Sealed, 'namespace' | 'name'>) =>
  metadata.namespace === namespace && metadata.name === name;

function parse(files: readonly SealedFile[]): { path: string; object: SealedSecret }[] {
  return files.flatMap(({ path, text }) =>
    text
      .split(/^---$/m)
      .map((document) => load(document) as SealedSecret | undefined)
      .filter((object): object is SealedSecret => object?.kind === 'SealedSecret')
      .map((object) => ({ path, object })),
  );
}
