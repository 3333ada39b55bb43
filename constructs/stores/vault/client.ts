import type { IConstruct } from 'constructs';
import { refuse } from '../../../imports/relations.ts';
import type { Dependency, Endpoint, Env, Files } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import { selectorOf } from '../../labels.ts';
import { type Capability, type Grants, isGranted, roleOf } from './policies.ts';

/** Tokens for it are of no use at the API server, and those for the API server not here. */
export const AUDIENCE = 'vault';
export const TOKEN_FILE = '/var/run/secrets/vault/token';

export interface VaultClientProps {
  readonly store: HaStatefulStore;
  /** `<namespace>/<name>` */
  readonly account: string;
  readonly grants: Grants;
  /** Done when the role is there. */
  readonly construct: IConstruct;
}

/**
 * How one ServiceAccount logs in: `VAULT_ADDR`, `VAULT_ROLE`, and `VAULT_JWT_FILE` with a token of its own, for
 * `POST auth/kubernetes/login`. It says what it will ask for, and that is held against its policy:
 * `uses: [vault.client('app/security').reads('secret/data/jwt/keys/default')]`. Refused to any other workload, whom Vault
 * would not log in.
 * @see https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#login
 */
export class VaultClient implements Dependency {
  readonly address: string;
  readonly role: string;
  readonly construct: IConstruct;
  readonly files: Files = { [TOKEN_FILE]: { audience: AUDIENCE } };
  readonly endpoints: readonly Endpoint[];
  readonly #props: VaultClientProps;

  constructor(props: VaultClientProps) {
    const { store, account, construct } = props;
    this.#props = props;
    this.address = `http://${store.host()}:8200`;
    this.role = roleOf(account);
    this.construct = construct;
    const [namespace, name] = account.split('/');
    const endpoint = store.endpoint('http');
    const admit: Endpoint['admit'] = (from) => {
      const isAccount =
        'labels' in from &&
        from.namespace === namespace &&
        JSON.stringify(from.labels) === JSON.stringify(selectorOf(name!));
      if (!isAccount) {
        refuse(store, [
          `client: ${JSON.stringify(from)} is not ${account}, Vault would not log it in; ask for a client of its own account`,
        ]);
      }
      endpoint.admit?.(from);
    };
    this.endpoints = [{ ...endpoint, admit }];
  }

  get env(): Env {
    return { VAULT_ADDR: this.address, VAULT_ROLE: this.role, VAULT_JWT_FILE: TOKEN_FILE };
  }

  reads(...paths: readonly string[]): this {
    return this.asks('read', paths);
  }

  /** New ones, and new versions of old ones. */
  writes(...paths: readonly string[]): this {
    return this.creates(...paths).asks('update', paths);
  }

  /** New ones, with check-and-set 0. */
  creates(...paths: readonly string[]): this {
    return this.asks('create', paths);
  }

  /** Under other names: `{ address: 'VAULT_ADDRESS' }`. */
  as(variables: { readonly address: string; readonly role?: string; readonly jwtFile?: string }): Dependency {
    const { address, role = 'VAULT_ROLE', jwtFile = 'VAULT_JWT_FILE' } = variables;
    const { files, endpoints, construct } = this;
    return { env: { [address]: this.address, [role]: this.role, [jwtFile]: TOKEN_FILE }, files, endpoints, construct };
  }

  private asks(capability: Capability, paths: readonly string[]): this {
    const { store, account, grants } = this.#props;
    refuse(
      store,
      paths
        .filter((path) => !isGranted(grants, path, capability))
        .map(
          (path) =>
            `policies.${account}: ${capability} of ${path} is not granted, it would be denied; grant it, or do not ask`,
        ),
    );
    return this;
  }
}
