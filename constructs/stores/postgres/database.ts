import type { IConstruct } from 'constructs';
import type { Credential } from '../../credential.ts';
import type { Dependency, Endpoint, Env, SecretKey } from '../../dependency.ts';

export interface DatabaseProps {
  /** Of the database and of the user who owns it. */
  readonly name: string;
  readonly password: Credential;
  readonly host: string;
  readonly port: number;
  readonly endpoints: readonly Endpoint[];
  /** Done when the database is there. */
  readonly construct: IConstruct;
}

/**
 * A database, in the words of a client's driver. Used as it is, it brings libpq's variables, which psql, pg_dump, node-postgres,
 * psycopg and pgx read. `npgsql`, `jdbc` and `url` name the variables that their readers expect; several databases may be
 * used by one pod that way. The password has letters and digits only, which no form has to escape.
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
export class Database implements Dependency {
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly password: SecretKey;

  constructor({ password, ...props }: DatabaseProps) {
    this.name = props.name;
    this.host = props.host;
    this.port = props.port;
    this.endpoints = props.endpoints;
    this.construct = props.construct;
    this.password = password.key('password');
  }

  get env(): Env {
    const { host, port, name, password } = this;
    return { PGHOST: host, PGPORT: port, PGDATABASE: name, PGUSER: name, PGPASSWORD: password };
  }

  /** Its parts in variables of these names: `{ host: 'POSTGRES_HOST', ... }`. */
  as(variables: Readonly<Record<'host' | 'port' | 'database' | 'user' | 'password', string>>): Dependency {
    const { host, port, name, password, endpoints, construct } = this;
    const values = { host, port, database: name, user: name, password };
    const env = Object.entries(values).map(([part, value]) => [variables[part as keyof typeof values], value]);
    return { env: Object.fromEntries(env), endpoints, construct };
  }

  /**
   * Key and value pairs in one variable: `ConnectionStrings__Notifi`. `pool` is how many connections each process opens at
   * most, 100 unless it is given. @see https://www.npgsql.org/doc/connection-string-parameters.html
   */
  npgsql(variable: string, { pool }: { readonly pool?: number } = {}): Dependency {
    const { host, port, name } = this;
    const most = pool === undefined ? '' : `;Maximum Pool Size=${pool}`;
    return this.in(
      variable,
      (password) => `Host=${host};Port=${port};Database=${name};Username=${name};Password=${password}${most}`,
    );
  }

  /** `postgresql://user:password@host:port/database` in one variable, for what takes nothing else. */
  url(variable: string): Dependency {
    const { host, port, name } = this;
    return this.in(variable, (password) => `postgresql://${name}:${password}@${host}:${port}/${name}`);
  }

  /** A URL without user and password, and those in variables of their own. @see https://jdbc.postgresql.org/documentation/use/ */
  jdbc(variables: { readonly url: string; readonly user: string; readonly password: string }): Dependency {
    const { host, port, name, password, endpoints, construct } = this;
    const env = {
      [variables.url]: `jdbc:postgresql://${host}:${port}/${name}`,
      [variables.user]: name,
      [variables.password]: password,
    };
    return { env, endpoints, construct };
  }

  /** The kubelet puts the password in when the container starts. */
  private in(variable: string, form: (password: string) => string): Dependency {
    const { endpoints, construct } = this;
    const source = `${variable}_PASSWORD`;
    return { env: { [source]: this.password, [variable]: form(`$(${source})`) }, endpoints, construct };
  }
}
