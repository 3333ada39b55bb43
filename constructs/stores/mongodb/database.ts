import type { IConstruct } from 'constructs';
import type { Credential } from '../../credential.ts';
import type { Dependency, Endpoint, Env, SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import { PORT, REPLICA_SET } from './replica-set.ts';

/**
 * A database of a replica set. Used as it is, it brings `MONGODB_URI`, and its parts for programs that want those;
 * `uri` names the variable that another reader expects, so several databases may be used by one pod. The URI has every
 * member, and waits for a majority; the password has nothing that a URI would have to escape.
 * @see https://www.mongodb.com/docs/manual/reference/connection-string/
 */
export class MongoDatabase implements Dependency {
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct;
  /** Of the database and of its user. */
  readonly name: string;
  /** Every member with its port, parted by commas. */
  readonly hosts: string;
  readonly password: SecretKey;

  constructor(store: HaStatefulStore, { name, password }: { name: string; password: Credential }) {
    this.endpoints = [store.endpoint('mongodb')];
    this.construct = store;
    this.name = name;
    this.hosts = store.hosts.map((host) => `${host}:${PORT}`).join(',');
    this.password = password.key('password');
  }

  get env(): Env {
    const { name, hosts, password } = this;
    return {
      MONGODB_HOSTS: hosts,
      MONGODB_REPLICA_SET: REPLICA_SET,
      MONGODB_AUTH_SOURCE: 'admin',
      MONGODB_DATABASE: name,
      MONGODB_USER: name,
      MONGODB_PASSWORD: password,
      MONGODB_URI: this.address('MONGODB_PASSWORD'),
    };
  }

  /** The URI in one variable: `SPRING_DATA_MONGODB_URI`. */
  uri(variable: string): Dependency {
    const { password, endpoints, construct } = this;
    const source = `${variable}_PASSWORD`;
    return { env: { [source]: password, [variable]: this.address(source) }, endpoints, construct };
  }

  /** The URI without a database, for a program that makes one per tenant and names it per connection: `MONGODB_URI_BASE`. */
  base(variable: string): Dependency {
    const { password, endpoints, construct } = this;
    const source = `${variable}_PASSWORD`;
    return { env: { [source]: password, [variable]: this.address(source, '') }, endpoints, construct };
  }

  /** The kubelet puts the password in when the container starts. */
  private address(password: string, database = this.name): string {
    const { name, hosts } = this;
    return `mongodb://${name}:$(${password})@${hosts}/${database}?replicaSet=${REPLICA_SET}&authSource=admin&w=majority`;
  }
}
