/** What may be done at a path. @see https://developer.hashicorp.com/vault/docs/concepts/policies#capabilities */
export type Capability = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list';

/** By path: as the API has it (`secret/data/jwt`), `+` for one segment, `*` at the end for every continuation. */
export type Grants = Readonly<Record<string, readonly Capability[]>>;

/** Roles of Kubernetes auth, and the policies of the same name. Those of clients have a dot. */
export const CONFIGURE = 'configure';
export const BACKUP = 'backup';
export const RESTORE = 'restore';

/** Of an account, `<namespace>/<name>`; neither part can have a dot. */
export const roleOf = (account: string) => account.replace('/', '.');

/** Whether a path is granted: of several patterns for it, Vault goes by the most specific one alone. */
export function isGranted(grants: Grants, path: string, capability: Capability): boolean {
  const patterns = Object.keys(grants).filter((pattern) => pattern === path || expression(pattern).test(path));
  const fixed = (pattern: string) => (pattern === path ? Number.POSITIVE_INFINITY : pattern.search(/[+*]/));
  const [specific] = patterns.sort((a, b) => fixed(b) - fixed(a) || b.length - a.length);
  return specific !== undefined && grants[specific]!.includes(capability);
}

const expression = (pattern: string) =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.?^$(){}|[\]\\]/g, '\\$&')
      .replaceAll('+', '[^/]+')
      .replace(/\*$/, '.*')}$`,
  );

const policy = (grants: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(grants)
    .map(
      ([path, capabilities]) => `path "${path}" {
  capabilities = [${capabilities.map((capability) => `"${capability}"`).join(', ')}]
}
`,
    )
    .join('\n');

/** Of the Job. It can let itself do anything, by a policy: whoever may run pods as its ServiceAccount has Vault. */
export const configurePolicy = policy({
  'sys/mounts': ['read'],
  'sys/mounts/secret': ['create', 'read', 'update'],
  'sys/audit': ['read', 'sudo'],
  'sys/audit/stdout': ['create', 'update', 'sudo'],
  'sys/policies/acl/*': ['create', 'read', 'update'],
  'auth/kubernetes/role/*': ['create', 'read', 'update', 'delete', 'list'],
});

/** One file per policy, named after it. */
export function policyFiles(policies: Readonly<Record<string, Grants>>): Record<string, string> {
  const clients = Object.entries(policies).map(([account, grants]) => [roleOf(account), policy(grants)] as const);
  const own = [
    [CONFIGURE, configurePolicy],
    [BACKUP, policy({ 'sys/storage/raft/snapshot': ['read'] })],
    [RESTORE, policy({ 'sys/storage/raft/snapshot': ['update'] })],
  ] as const;
  return Object.fromEntries([...clients, ...own].map(([name, text]) => [`/vault/policies/${name}.hcl`, text]));
}

export function policyProblems(policies: Readonly<Record<string, Grants>>): string[] {
  const paths = Object.entries(policies).flatMap(([account, grants]) =>
    Object.keys(grants).map((path) => [account, path] as const),
  );
  return [
    ...(paths.length ? [] : ['policies: none, nobody could read a secret; name who may']),
    ...Object.keys(policies)
      .filter((account) => !/^[a-z0-9-]+\/[a-z0-9-]+$/.test(account))
      .map((account) => `policies: "${account}" is no ServiceAccount; write it like app/security`),
    ...paths
      .filter(([, path]) => !/^[^/"*][^"*]*\*?$/.test(path))
      .map(
        ([account, path]) =>
          `policies.${account}: "${path}" is no path; write it like secret/data/jwt, * only at the end`,
      ),
    ...paths
      .filter(
        ([, path]) =>
          /^secret\//.test(path) && !/^secret\/(data|metadata|delete|undelete|destroy|subkeys)\//.test(path),
      )
      .map(
        ([account, path]) =>
          `policies.${account}: ${path} grants nothing, KV version 2 has what \`vault kv\` calls ${path} under ${path.replace('/', '/data/')}; write that`,
      ),
  ];
}
