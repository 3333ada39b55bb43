// Linkerd's kinds as its API reference describes them: its chart is out of reach of a test, and no Go module has them.
// https://linkerd.io/2-edge/reference/authorization-policy/ and https://linkerd.io/2-edge/reference/service-profiles/

type Schema = Readonly<Record<string, unknown>>;

const string: Schema = { type: 'string' };
const integer: Schema = { type: 'integer', format: 'int64' };
const boolean: Schema = { type: 'boolean' };
const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const list = (items: Schema, rest: Schema = {}): Schema => ({ type: 'array', items, ...rest });
const object = (properties: Record<string, Schema>, required: string[] = [], rest: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...(required.length && { required }),
  ...rest,
});
const oneOf = (...names: string[]): Schema => ({ oneOf: names.map((name) => ({ required: [name] })) });

const selector = object({
  matchLabels: anything,
  matchExpressions: list(
    object(
      {
        key: string,
        operator: { ...string, enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
        values: list(string),
      },
      ['key', 'operator'],
    ),
  ),
});
const networks = list(object({ cidr: string, except: list(string) }, ['cidr']));

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const reference = {
  group: { ...string, maxLength: 253, pattern: `^$|^${label}(\\.${label})*$` },
  kind: { ...string, minLength: 1, maxLength: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' },
  name: { ...string, minLength: 1, maxLength: 253 },
};
const target = object(reference, ['kind', 'name']);
const named = { ...reference, namespace: { ...string, maxLength: 253 } };

const port: Schema = { 'x-kubernetes-int-or-string': true };
const protocol: Schema = { ...string, default: 'unknown' };
const server = (properties: Record<string, Schema>) =>
  object({ podSelector: selector, port, proxyProtocol: protocol, ...properties }, ['port']);
const workload = { externalWorkloadSelector: selector };
const either = oneOf('podSelector', 'externalWorkloadSelector');

const account = object(
  { name: { ...string, pattern: `^${label}$` }, namespace: { ...string, pattern: `^${label}$` } },
  ['name'],
);
const rate = { requestsPerSecond: integer };

/** Group, kind and plural to the `spec` of each version; the last version is the one that is stored. */
const specs: [group: string, kind: string, plural: string, versions: Record<string, Schema>][] = [
  [
    'policy.linkerd.io',
    'Server',
    'servers',
    {
      v1beta1: { ...server({}), required: ['podSelector', 'port'] },
      v1beta2: { ...server(workload), ...either },
      v1beta3: { ...server({ ...workload, accessPolicy: { ...string, default: 'deny' } }), ...either },
    },
  ],
  [
    'policy.linkerd.io',
    'AuthorizationPolicy',
    'authorizationpolicies',
    {
      v1alpha1: object({ targetRef: target, requiredAuthenticationRefs: list(object(named, ['kind', 'name'])) }, [
        'targetRef',
        'requiredAuthenticationRefs',
      ]),
    },
  ],
  [
    'policy.linkerd.io',
    'MeshTLSAuthentication',
    'meshtlsauthentications',
    {
      v1alpha1: object(
        { identities: list(string, { minItems: 1 }), identityRefs: list(object(named, ['kind']), { minItems: 1 }) },
        [],
        oneOf('identities', 'identityRefs'),
      ),
    },
  ],
  [
    'policy.linkerd.io',
    'NetworkAuthentication',
    'networkauthentications',
    { v1alpha1: object({ networks }, ['networks']) },
  ],
  [
    'policy.linkerd.io',
    'ServerAuthorization',
    'serverauthorizations',
    {
      v1beta1: object(
        {
          server: object({ name: { ...string, pattern: `^${label}$` }, selector }, [], oneOf('name', 'selector')),
          client: object({
            networks,
            unauthenticated: boolean,
            meshTLS: object({ unauthenticatedTLS: boolean, identities: list(string), serviceAccounts: list(account) }),
          }),
        },
        ['server', 'client'],
      ),
    },
  ],
  [
    'policy.linkerd.io',
    'HTTPLocalRateLimitPolicy',
    'httplocalratelimitpolicies',
    {
      v1alpha1: object(
        {
          targetRef: target,
          total: object(rate, ['requestsPerSecond']),
          identity: object(rate, ['requestsPerSecond']),
          overrides: list(
            object({ ...rate, clientRefs: list(object(named, ['kind', 'name'])) }, ['requestsPerSecond', 'clientRefs']),
          ),
        },
        ['targetRef'],
      ),
    },
  ],
  [
    'policy.linkerd.io',
    'EgressNetwork',
    'egressnetworks',
    {
      v1alpha1: object({ trafficPolicy: { ...string, enum: ['Allow', 'Deny'] }, networks }, ['trafficPolicy']),
    },
  ],
  [
    'linkerd.io',
    'ServiceProfile',
    'serviceprofiles',
    {
      v1alpha2: object({
        opaquePorts: list(string),
        dstOverrides: list(object({ authority: string, weight: port })),
        retryBudget: object({ minRetriesPerSecond: integer, retryRatio: { type: 'number' }, ttl: string }, [
          'minRetriesPerSecond',
          'retryRatio',
          'ttl',
        ]),
        routes: list(
          object(
            {
              name: string,
              condition: object({
                pathRegex: string,
                method: string,
                all: list(anything),
                any: list(anything),
                not: list(anything),
              }),
              isRetryable: boolean,
              timeout: string,
              responseClasses: list(
                object(
                  {
                    condition: object({
                      all: list(anything),
                      any: list(anything),
                      not: anything,
                      status: object({ min: integer, max: integer }),
                    }),
                    isFailure: boolean,
                  },
                  ['condition'],
                ),
              ),
            },
            ['condition', 'name'],
          ),
        ),
      }),
    },
  ],
];

/** CustomResourceDefinitions of Linkerd 2.20. */
export const linkerdCrds = specs.map(([group, kind, plural, versions]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    names: { kind, plural, singular: kind.toLowerCase() },
    scope: 'Namespaced',
    versions: Object.entries(versions).map(([name, spec], index, all) => ({
      name,
      served: true,
      storage: index === all.length - 1,
      subresources: { status: {} },
      schema: { openAPIV3Schema: object({ spec, status: anything }, kind === 'ServiceProfile' ? [] : ['spec']) },
    })),
  },
}));
