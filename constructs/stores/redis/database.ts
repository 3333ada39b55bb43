import type { IConstruct } from 'constructs';
import { refuse } from '../../../imports/relations.ts';
import type { Dependency, Endpoint, Env, SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import { hostsOf, SENTINEL_PORT } from './member.ts';

export interface DatabaseProps {
  readonly number: number;
  readonly password: SecretKey;
  /** Of the store's ports, the one that leads to the leader. */
  readonly port: 'primary' | 'redis';
}

/**
 * A database of the store, in the words of a client's driver. Used as it is, it brings REDIS_HOST, REDIS_PORT, REDIS_DB and
 * REDIS_PASSWORD; the Service follows the leader. `url` and `stackExchange` name the variable that their readers expect.
 * `sentinel` is for drivers that ask the sentinels themselves. The password has letters and digits only, which no form has
 * to escape.
 */
export class Database implements Dependency {
  readonly number: number;
  readonly construct: IConstruct;
  readonly endpoints: readonly Endpoint[];
  readonly env: Env;
  readonly #host: string;
  readonly #port: number;
  readonly #store: HaStatefulStore;
  readonly #password: SecretKey;

  constructor(store: HaStatefulStore, { number, password, port }: DatabaseProps) {
    const primary = store.endpoint(port);
    this.number = number;
    this.construct = store;
    this.endpoints = [primary];
    this.#host = store.host();
    this.#port = primary.port;
    this.#store = store;
    this.#password = password;
    this.env = { REDIS_HOST: this.#host, REDIS_PORT: this.#port, REDIS_DB: number, REDIS_PASSWORD: password };
    if (!Number.isInteger(number) || number < 0 || number > 15) {
      refuse(store, [`database: ${number} is none of the 16 that there are; use 0 to 15`]);
    }
  }

  /** `redis://:password@host:port/database` in one variable. @see https://www.iana.org/assignments/uri-schemes/prov/redis */
  url(variable: string): Dependency {
    return this.in(variable, (password) => `redis://:${password}@${this.#host}:${this.#port}/${this.number}`);
  }

  /** StackExchange.Redis takes no URL: `ConnectionStrings__Redis`. @see https://stackexchange.github.io/StackExchange.Redis/Configuration.html */
  stackExchange(variable: string): Dependency {
    return this.in(
      variable,
      (password) =>
        `${this.#host}:${this.#port},password=${password},defaultDatabase=${this.number},abortConnect=false`,
    );
  }

  /** For drivers that know Sentinel: REDIS_SENTINELS (`host:port,host:port`), REDIS_MASTER, REDIS_DB and REDIS_PASSWORD, which the sentinels demand too. */
  get sentinel(): Dependency {
    const { name, members } = this.#store;
    if (members === 1) {
      refuse(this.#store, ['sentinel: a single member has none; use the store itself, url or stackExchange']);
      return this;
    }
    return {
      env: {
        REDIS_SENTINELS: hostsOf(this.#store)
          .map((host) => `${host}:${SENTINEL_PORT}`)
          .join(','),
        REDIS_MASTER: name,
        REDIS_DB: this.number,
        REDIS_PASSWORD: this.#password,
      },
      endpoints: [this.#store.endpoint('sentinel'), this.#store.endpoint('redis')],
      construct: this.construct,
    };
  }

  /** The kubelet puts the password in when the container starts. */
  private in(variable: string, form: (password: string) => string): Dependency {
    const { endpoints, construct } = this;
    const source = `${variable}_PASSWORD`;
    return { env: { [source]: this.#password, [variable]: form(`$(${source})`) }, endpoints, construct };
  }
}
