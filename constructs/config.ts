import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path/posix';
import { Construct } from 'constructs';
import { type EnvVar, KubeConfigMap, type Volume, type VolumeMount } from '../imports/k8s.ts';
import { refuse } from '../imports/relations.ts';
import { sealedDigest } from './credential.ts';
import type { Dependency, Env, Files, SecretKey, ServiceAccountToken, Source } from './dependency.ts';
import { labelsOf } from './labels.ts';

export interface ConfigProps {
  readonly name: string;
  readonly namespace: string;
  /** Whose it is, beside the pod's own: its ConfigMaps are `<name>-<container>`. @default - the pod's own */
  readonly container?: string;
  /** What brings variables, files and volumes; two that bring the same one are refused. */
  readonly from: readonly Pick<Dependency, 'env' | 'files' | 'volumes'>[];
}

type Entry<T> = readonly [string, T];

/**
 * What one container is configured with: plain variables in a ConfigMap of its name, file contents in one named
 * `<name>-files`, and the rest as references. Gives the container's and the pod's parts, and a checksum of each
 * ConfigMap and sealed Secret, since a running container never sees a change. Refuses what is given twice,
 * names that no variable or file can have, and Secrets of another namespace.
 */
export class Config extends Construct {
  readonly #namespace: string;
  /** Of the ConfigMap with the variables. */
  readonly #name: string;
  /** Before names that are unique in a pod. */
  readonly #prefix: string;
  readonly #env: readonly Entry<Env[string]>[];
  readonly #files: readonly Entry<Files[string]>[];
  /** Claims by the folder they are mounted at. */
  readonly #claims: readonly Entry<string>[];
  /** ConfigMaps by name; none that is empty. */
  readonly #data: Readonly<Record<string, Record<string, string>>>;
  /** Every value that is read from a Secret. */
  readonly secrets: readonly SecretKey[];

  constructor(scope: Construct, id: string, props: ConfigProps) {
    super(scope, id);
    const { name, namespace, container, from } = props;
    this.#namespace = namespace;
    this.#name = container ? `${name}-${container}` : name;
    this.#prefix = container ? `${container}-` : '';
    this.#env = from.flatMap(({ env = {} }) => Object.entries(env));
    this.#files = from.flatMap(({ files = {} }) => Object.entries(files));
    this.#claims = from.flatMap(({ volumes = {} }) => Object.entries(volumes));
    this.#data = { ...this.#variables(), ...this.#contents() };
    this.secrets = [...this.#env, ...this.#files].flatMap(([, value]) => (isSecretKey(value) ? [value] : []));

    for (const [configMap, data] of Object.entries(this.#data)) {
      new KubeConfigMap(this, configMap, {
        metadata: { name: configMap, namespace, labels: labelsOf(this, name) },
        data,
      });
    }
    refuse(this, [
      ...twice('env', this.#env),
      ...twice('files', this.#files),
      ...twice('volumes', this.#claims),
      ...this.#env
        .filter(([variable]) => !/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(variable))
        .map(([variable]) => `env: "${variable}" is not a variable's name; use letters, digits and _`),
      ...this.#files
        .filter(([path]) => !/^\/[^:]*[^/:]$/.test(path))
        .map(([path]) => `files: "${path}" is not the absolute path of a file; start it with /, end it with a name`),
      ...elsewhere(this.secrets, namespace),
    ]);
  }

  /** The container's variables. A reference to another one, `$(HOST)`, is only expanded here, not in a ConfigMap. */
  get env(): { envFrom?: { configMapRef: { name: string } }[]; env?: EnvVar[] } {
    const name = this.#name;
    const env = this.#env.filter(([, value]) => !isPlain(value)).map(([key, value]) => variable(key, value));
    return {
      ...(name in this.#data && { envFrom: [{ configMapRef: { name } }] }),
      ...(env.length && { env }),
    };
  }

  /** Mounted one by one: a mounted folder would hide the image's files beside them. Only there a token is renewed, though. */
  get mounts(): VolumeMount[] {
    const files = this.#files.map(([path, content]) => ({
      name: this.volumeName(content),
      ...(isToken(content)
        ? { mountPath: dirname(path) }
        : { mountPath: path, subPath: typeof content === 'string' ? keyOf(path) : content.key }),
      readOnly: true,
    }));
    return [...files, ...this.#claims.map(([mountPath, claim]) => ({ name: this.claimName(claim), mountPath }))];
  }

  get volumes(): Volume[] {
    const contents = this.#files.map(([, content]) => content);
    const names = [...new Set(contents.map((content) => this.volumeName(content)))];
    const files = names.map((name) => {
      const sources = this.#files.filter(([, content]) => this.volumeName(content) === name);
      return volume(name, `${this.#name}-files`, sources);
    });
    const claims = [...new Set(this.#claims.map(([, claim]) => claim))];
    return [
      ...files,
      ...claims.map((claimName) => ({ name: this.claimName(claimName), persistentVolumeClaim: { claimName } })),
    ];
  }

  get checksums(): Record<string, string> {
    const configs = Object.entries(this.#data).map(([configMap, data]) => [
      `checksum/${this.#prefix}${configMap === this.#name ? 'config' : 'files'}`,
      hash(data),
    ]);
    const sealed = this.secrets.flatMap(({ secret }) => {
      const digest = sealedDigest(this, this.#namespace, secret);
      return digest ? [[`checksum/${secret}`, digest]] : [];
    });
    return Object.fromEntries([...configs, ...sealed]);
  }

  #variables() {
    const plain = this.#env.flatMap(([key, value]) => (isPlain(value) ? [[key, String(value)]] : []));
    return plain.length ? { [this.#name]: Object.fromEntries(plain) } : {};
  }

  #contents() {
    const files = this.#files.flatMap(([path, text]) => (typeof text === 'string' ? [[keyOf(path), text]] : []));
    return files.length ? { [`${this.#name}-files`]: Object.fromEntries(files) } : {};
  }

  private claimName(claim: string): string {
    return `${this.#prefix}claim-${claim}`.replaceAll('.', '-').slice(0, 63);
  }

  private volumeName(content: Files[string]): string {
    const prefix = this.#prefix;
    if (typeof content === 'string') return `${prefix}files`;
    if (isToken(content)) return `${prefix}token-${content.audience}`;
    const name = 'secret' in content ? `secret-${content.secret}` : `config-map-${content.configMap}`;
    return `${prefix}${name}`.replaceAll('.', '-').slice(0, 63);
  }
}

const isSecretKey = (value: Env[string] | Files[string]): value is SecretKey =>
  typeof value === 'object' && 'secret' in value;

const isToken = (content: Files[string]): content is ServiceAccountToken =>
  typeof content === 'object' && 'audience' in content;

const isPlain = (value: Env[string]) => typeof value !== 'object' && !String(value).includes('$(');

const keyOf = (path: string) => path.slice(1).replaceAll(/[^-._a-zA-Z0-9]/g, '_');

const hash = (data: Readonly<Record<string, string>>) =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(data).sort()))
    .digest('hex')
    .slice(0, 16);

const variable = (name: string, value: Env[string]): EnvVar =>
  typeof value === 'object' ? { name, valueFrom: reference(value) } : { name, value: String(value) };

function reference(source: Source): EnvVar['valueFrom'] {
  if ('secret' in source) return { secretKeyRef: { name: source.secret, key: source.key } };
  if ('configMap' in source) return { configMapKeyRef: { name: source.configMap, key: source.key } };
  return { fieldRef: { fieldPath: source.field } };
}

/** Named keys, so that a missing one stops the pod and not the program. */
function volume(name: string, configMap: string, sources: readonly Entry<Files[string]>[]): Volume {
  const [path, first] = sources[0]!;
  if (typeof first !== 'object') return { name, configMap: { name: configMap } };
  if (isToken(first)) {
    return { name, projected: { sources: [{ serviceAccountToken: { ...first, path: basename(path) } }] } };
  }
  const keys = new Set(
    sources.flatMap(([, source]) => (typeof source === 'object' && 'key' in source ? [source.key] : [])),
  );
  const items = [...keys].map((key) => ({ key, path: key }));
  return 'secret' in first
    ? { name, secret: { secretName: first.secret, items } }
    : { name, configMap: { name: first.configMap, items } };
}

function twice(field: string, entries: readonly Entry<unknown>[]): string[] {
  const names = entries.map(([name]) => name);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...repeated].map((name) => `${field}: ${name} is given twice, only one would win; remove or rename one`);
}

const elsewhere = (sources: readonly SecretKey[], namespace: string) => {
  const absent = sources.filter(({ namespaces }) => namespaces && !namespaces.includes(namespace));
  return [...new Set(absent.map(({ secret }) => secret))].map(
    (secret) =>
      `uses: Secret ${secret} is not in ${namespace}, pods read Secrets of their own namespace only; add ${namespace} to its namespaces`,
  );
};
