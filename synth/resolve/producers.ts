import { type KubeObject, typeOf } from '../manifest.ts';
import { at, type Json, map, maps, text, texts } from './json.ts';

/** Keys of a Secret or ConfigMap; `any` where only the cluster will know. */
export type Keys = ReadonlySet<string> | 'any';

/** An object that a controller makes because of another object. */
export interface Product {
  readonly kind: 'Secret' | 'ConfigMap' | 'Service' | 'ServiceAccount' | 'ExternalArtifact';
  /** @default - core */
  readonly group?: string;
  /** @default - that of the object */
  readonly namespace?: string;
  readonly name: string;
  readonly keys?: Keys;
}

type Producer = (object: KubeObject, spec: Json) => readonly Product[];

const keys = (...names: readonly string[]): Keys => new Set(names);
const keysOf = (...sources: readonly unknown[]): Keys =>
  new Set(sources.flatMap((source) => (source ? Object.keys(map(source)) : [])));

const secret = (name: unknown, keys: Keys = 'any'): readonly Product[] => {
  const known = text(name);
  return known ? [{ kind: 'Secret', name: known, keys }] : [];
};
const artifact = (name: string | undefined): readonly Product[] =>
  name ? [{ kind: 'ExternalArtifact', group: 'source.toolkit.fluxcd.io', name }] : [];
const service = (name: string): Product => ({ kind: 'Service', name });
const CERTIFICATE = ['tls.crt', 'tls.key', 'ca.crt'];

/** What the controllers of these kinds make, by `group/Kind`. */
const PRODUCERS: Readonly<Record<string, Producer>> = {
  '/ConfigMap': ({ metadata, data, binaryData }) => [
    { kind: 'ConfigMap', name: metadata.name, keys: keysOf(data, binaryData) },
  ],
  '/Secret': (object) => secret(object.metadata.name, secretKeys(object)),
  'bitnami.com/SealedSecret': (object, spec) =>
    secret(object.metadata.name, keysOf(spec.encryptedData, at(spec, 'template', 'data'))),

  // https://external-secrets.io/latest/api/externalsecret/
  'external-secrets.io/ExternalSecret': ({ metadata }, spec) =>
    secret(text(at(spec, 'target', 'name')) ?? metadata.name, externalKeys(spec)),
  'external-secrets.io/ClusterExternalSecret': ({ metadata }, spec) =>
    texts(spec.namespaces).flatMap((namespace) =>
      secret(
        text(at(spec, 'externalSecretSpec', 'target', 'name')) ?? text(spec.externalSecretName) ?? metadata.name,
        externalKeys(map(spec.externalSecretSpec)),
      ).map((product) => ({ ...product, namespace })),
    ),

  // https://cert-manager.io/docs/usage/certificate/
  'cert-manager.io/Certificate': (_, spec) => secret(spec.secretName, certificateKeys(spec)),
  'networking.k8s.io/Ingress': ({ metadata }, spec) =>
    issuedFor(metadata) ? maps(spec.tls).flatMap((tls) => secret(tls.secretName, keys(...CERTIFICATE))) : [],
  'gateway.networking.k8s.io/Gateway': ({ metadata }, spec) =>
    issuedFor(metadata)
      ? maps(spec.listeners).flatMap((listener) =>
          maps(at(listener, 'tls', 'certificateRefs')).flatMap(({ name }) => secret(name, keys(...CERTIFICATE))),
        )
      : [],

  'source.extensions.fluxcd.io/ArtifactGenerator': (_, spec) =>
    maps(spec.artifacts).flatMap(({ name }) => artifact(text(name))),
  'serving.knative.dev/Service': ({ metadata }) => [service(metadata.name)],
  'secrets-store.csi.x-k8s.io/SecretProviderClass': (_, spec) =>
    maps(spec.secretObjects).flatMap(({ secretName, data }) =>
      secret(secretName, keys(...maps(data).flatMap(({ key }) => text(key) ?? []))),
    ),

  // Operators of stores: Services and Secrets as their documents name them.
  'kafka.strimzi.io/Kafka': ({ metadata: { name } }) => [
    service(`${name}-kafka-bootstrap`),
    service(`${name}-kafka-brokers`),
    ...secret(`${name}-cluster-ca-cert`, keys('ca.crt', 'ca.p12', 'ca.password')),
    ...secret(`${name}-clients-ca-cert`, keys('ca.crt', 'ca.p12', 'ca.password')),
  ],
  'kafka.strimzi.io/KafkaUser': ({ metadata }, spec) =>
    secret(
      metadata.name,
      at(spec, 'authentication', 'type') === 'scram-sha-512'
        ? keys('password', 'sasl.jaas.config')
        : keys('ca.crt', 'user.crt', 'user.key', 'user.p12', 'user.password'),
    ),
  'rabbitmq.com/RabbitmqCluster': ({ metadata: { name } }) => [
    service(name),
    service(`${name}-nodes`),
    { kind: 'ServiceAccount', name: `${name}-server` },
    ...secret(
      `${name}-default-user`,
      keys('username', 'password', 'host', 'port', 'provider', 'type', 'connection_string', 'default_user.conf'),
    ),
    ...secret(`${name}-erlang-cookie`, keys('.erlang.cookie')),
  ],
  'postgresql.cnpg.io/Cluster': ({ metadata: { name } }) => [
    ...['rw', 'ro', 'r'].map((role) => service(`${name}-${role}`)),
    ...['app', 'superuser'].flatMap((user) => secret(`${name}-${user}`)),
    ...secret(`${name}-ca`, keys('ca.crt', 'ca.key')),
    ...secret(`${name}-server`, keys('tls.crt', 'tls.key')),
  ],
  'postgresql.cnpg.io/Pooler': ({ metadata: { name } }) => [service(name)],

  // Secrets that other operators copy from elsewhere: their keys are known there only.
  'onepassword.com/OnePasswordItem': ({ metadata }) => secret(metadata.name),
  'secrets.hashicorp.com/VaultStaticSecret': (_, spec) => secret(at(spec, 'destination', 'name')),
  'secrets.hashicorp.com/VaultDynamicSecret': (_, spec) => secret(at(spec, 'destination', 'name')),
  'secrets.doppler.com/DopplerSecret': (_, spec) => secret(at(spec, 'managedSecret', 'name')),
  'secrets.infisical.com/InfisicalSecret': (_, spec) => secret(at(spec, 'managedSecretReference', 'secretName')),
  'isindir.github.com/SopsSecret': (_, spec) => maps(spec.secretTemplates).flatMap(({ name }) => secret(name)),
  'objectbucket.io/ObjectBucketClaim': ({ metadata: { name } }) => [
    ...secret(name, keys('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY')),
    {
      kind: 'ConfigMap',
      name,
      keys: keys('BUCKET_HOST', 'BUCKET_NAME', 'BUCKET_PORT', 'BUCKET_REGION', 'BUCKET_SUBREGION'),
    },
  ],
};

/** What comes to exist because of `object`: itself, if it is a Secret or ConfigMap, or what its controller makes. */
export const productsOf = (object: KubeObject): readonly Product[] =>
  PRODUCERS[typeOf(object)]?.(object, map(object.spec)) ?? [];

function secretKeys({ data, stringData, type }: KubeObject): Keys {
  const written = [...Object.keys(map(data)), ...Object.keys(map(stringData))];
  return keys(...written, ...(type === 'kubernetes.io/service-account-token' ? ['token', 'ca.crt', 'namespace'] : []));
}

function externalKeys(spec: Json): Keys {
  const template = map(at(spec, 'target', 'template'));
  const templated = Object.keys(map(template.data));
  if (maps(template.templateFrom).length) return 'any';
  // A template replaces what was fetched, unless it says Merge.
  if (templated.length && template.mergePolicy !== 'Merge') return keys(...templated);
  if (maps(spec.dataFrom).length || at(spec, 'target', 'creationPolicy') === 'Merge') return 'any';
  return keys(...templated, ...maps(spec.data).flatMap(({ secretKey }) => text(secretKey) ?? []));
}

function certificateKeys(spec: Json): Keys {
  const { jks, pkcs12 } = map(spec.keystores);
  return keys(
    ...CERTIFICATE,
    ...(map(jks).create === true ? ['keystore.jks', 'truststore.jks'] : []),
    ...(map(pkcs12).create === true ? ['keystore.p12', 'truststore.p12'] : []),
    ...maps(spec.additionalOutputFormats).flatMap(({ type }) =>
      type === 'CombinedPEM' ? ['tls-combined.pem'] : type === 'DER' ? ['key.der'] : [],
    ),
  );
}

const issuedFor = ({ annotations }: KubeObject['metadata']) =>
  Object.keys(map(annotations)).some(
    (key) => key === 'cert-manager.io/cluster-issuer' || key === 'cert-manager.io/issuer',
  );
