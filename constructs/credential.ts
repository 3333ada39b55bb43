import { Chart } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { ExternalSecret } from '../imports/custom.ts';
import { environmentOf, SEALED, type SecretSource } from '../imports/environment.ts';
import { declare, RELATION, refuse, type Sealed } from '../imports/relations.ts';
import type { Dependency, Env, SecretKey } from './dependency.ts';
import { GeneratedSecret, remote, templateOf } from './generated-secret.ts';
import { namespaceOf } from './labels.ts';

/** Who makes a value: a person who was given it, or anyone: `length` random letters and digits, safe in every URL. */
export type Key = 'given' | { readonly length: number };

export interface CredentialProps {
  /** Of the Secret. @default - the construct's id */
  readonly name?: string;
  /** Where its readers are: a pod reads Secrets of its own namespace only. @default - the chart's */
  readonly namespaces?: readonly string[];
  readonly keys: Readonly<Record<string, Key>>;
  /** @default Opaque */
  readonly type?: string;
  /** Of the Secret, for operators that read no other. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Path in the external store. @default <environment>/<first namespace>/<name> */
  readonly path?: string;
}

/**
 * A Secret whose values nobody writes down here. The environment says where they come from:
 * - `sealed`: renders nothing; the SealedSecret under `clusters/<env>/secrets/` is made by `npm run seal`;
 * - `external`: an ExternalSecret per namespace that reads `path` of the environment's store, one property per key; in a
 *   chart of the platform, which the store itself may stand on, it is sealed;
 * - `generated`: made once in the first namespace and kept for good, and copied to the others. A credential with a
 *   `given` key is sealed there too, for nobody can generate it.
 * Refuses an empty or ill-named key, a length outside 16-128, and keys that the type lacks.
 * @see https://external-secrets.io/latest/guides/ownership-deletion-policy/
 */
export class Credential extends Construct implements Dependency {
  readonly name: string;
  readonly namespaces: readonly string[];
  readonly keys: Readonly<Record<string, Key>>;
  /** In the external store that it is read from. @default - it is made elsewhere */
  readonly path?: string;

  constructor(scope: Construct, id: string, props: CredentialProps) {
    super(scope, id);
    const { name = id, namespaces = [namespaceOf(this)], keys, type = 'Opaque', labels } = props;
    const { name: environment, secrets } = environmentOf(this);
    const { path = `${environment}/${namespaces[0]}/${name}` } = props;
    this.name = name;
    this.namespaces = namespaces;
    this.keys = keys;
    refuse(this, keyProblems(keys, type));

    const lengths = Object.fromEntries(
      Object.entries(keys).flatMap(([key, made]) => (made === 'given' ? [] : [[key, made.length]])),
    );
    const allGenerated = Object.keys(lengths).length === Object.keys(keys).length;
    if (secrets.kind === 'external' && !isPlatform(this)) {
      this.path = path;
      this.readFrom(secrets.store, path, templateOf(type, labels));
    } else if (secrets.kind === 'generated' && allGenerated) {
      new GeneratedSecret(this, 'generated', { name, namespaces, lengths, type, labels });
    } else this.expectSealed(lengths, { type, ...(labels && { labels }) });
  }

  /** Every key that is a legal variable name, as that variable. */
  get env(): Env {
    return this.entries(Object.keys(this.keys).filter((key) => /^[A-Za-z_]\w*$/.test(key)));
  }

  get construct(): IConstruct {
    return this;
  }

  /** One value of it. */
  key(key: string): SecretKey {
    if (!(key in this.keys)) {
      refuse(this, [
        `${key}: is not a key of ${this.name}, it has ${Object.keys(this.keys).join(', ')}; add it to keys`,
      ]);
    }
    return { secret: this.name, key, namespaces: this.namespaces, construct: this };
  }

  /** Some of the keys, as variables of the same name. */
  only(...keys: string[]): Dependency {
    return { env: this.entries(keys), construct: this };
  }

  /** Keys under other variable names: `{ DATABASE_URL: 'url' }`. */
  as(variables: Readonly<Record<string, string>>): Dependency {
    const env = Object.entries(variables).map(([variable, key]) => [variable, this.key(key)]);
    return { env: Object.fromEntries(env), construct: this };
  }

  /** A key as a file. */
  file(path: string, key: string): Dependency {
    return { files: { [path]: this.key(key) }, construct: this };
  }

  private entries(keys: readonly string[]): Env {
    return Object.fromEntries(keys.map((key) => [key, this.key(key)]));
  }

  private expectSealed(lengths: Readonly<Record<string, number>>, of: Pick<Sealed, 'type' | 'labels'>) {
    for (const namespace of this.namespaces) {
      declare(this, { sealed: { namespace, name: this.name, keys: Object.keys(this.keys), generate: lengths, ...of } });
    }
  }

  private readFrom(store: Extract<SecretSource, { kind: 'external' }>['store'], path: string, template: object) {
    const { name } = this;
    for (const namespace of this.namespaces) {
      new ExternalSecret(this, `external-secret-${namespace}`, {
        metadata: { name, namespace },
        spec: {
          refreshInterval: '1h',
          secretStoreRef: { ...store },
          target: { name, ...template },
          data: remote(path, Object.keys(this.keys)),
        },
      });
    }
  }
}

const isPlatform = (scope: Construct) =>
  Chart.of(scope).node.metadata.some(({ type, data }) => type === RELATION && data.platform);

/** Changes when the sealed values of a Secret do; its readers' pods carry it, so that they restart. */
export function sealedDigest(scope: Construct, namespace: string, name: string): string | undefined {
  const digests: ReadonlyMap<string, string> | undefined = scope.node.tryGetContext(SEALED);
  return digests?.get(`${namespace}/${name}`);
}

/** What the API server demands of typed Secrets. @see https://kubernetes.io/docs/concepts/configuration/secret/#secret-types */
const required: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function keyProblems(keys: CredentialProps['keys'], type: string): string[] {
  const lacking = (required[type] ?? []).filter((key) => !(key in keys));
  return [
    ...(Object.keys(keys).length ? [] : ['keys: none, a Secret without values helps nobody; name what the pods read']),
    ...lacking.map((key) => `keys: ${key} is missing, the type ${type} demands it; add it`),
    ...Object.keys(keys)
      .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
      .map((key) => `keys: "${key}" is not a key of a Secret, only letters, digits, -, _ and . are; rename it`),
    ...Object.entries(keys).flatMap(([key, made]) =>
      made === 'given' || (made.length >= 16 && made.length <= 128)
        ? []
        : [`keys.${key}: length ${made.length}, a generated value has 16 to 128 characters; correct it`],
    ),
  ];
}
