// What stands in for MongoDB servers, which cannot be had here: as much of a replica set as the rendered script asks
// about, strict where the real one is. A command that it does not know is an error.

// biome-ignore lint/suspicious/noExplicitAny: commands and answers are documents of every shape.
type Document = any;

class MongoError extends Error {
  readonly codeName: string;

  constructor(codeName: string, message = codeName) {
    super(message);
    this.codeName = codeName;
  }
}

export interface Member {
  up: boolean;
  state: 'fresh' | 'primary' | 'secondary' | 'startup2';
  setName?: string;
}

export class MongoWorld {
  readonly members = new Map<string, Member>();
  readonly users = new Map<string, { password: string; roles: { role: string; db: string }[] }>();
  /** Made by hand, beside the built-in ones. */
  readonly roles = new Set<string>();
  config?: { _id: string; version: number; members: { _id: number; host: string }[] };
  /** Commands that change something, in order. */
  readonly changes: string[] = [];
  readonly #local: string;

  constructor(hosts: readonly string[]) {
    this.#local = hosts[0]!;
    for (const host of hosts) this.members.set(host, { up: true, state: 'fresh' });
  }

  member(n: number): Member {
    return [...this.members.values()][n]!;
  }

  /** What mongosh calls Mongo, without its waiting. */
  get Mongo() {
    const world = this;
    return class {
      readonly #uri: string;

      constructor(uri: string) {
        this.#uri = uri;
      }

      getDB(name: string) {
        if (name !== 'admin') throw new Error(`the script has no business in ${name}`);
        return { runCommand: (command: Document) => world.run(this.#uri, command) };
      }
    };
  }

  private run(uri: string, command: Document): Document {
    const { login, hosts, isSet } = parse(uri);
    const isLocal = hosts[0] === '127.0.0.1:27017';
    const host = isSet ? this.primary(hosts) : isLocal ? this.#local : hosts[0]!;
    const member = this.members.get(host);
    if (!member?.up) throw new MongoError('HostUnreachable', `connect ECONNREFUSED ${host}`);
    const [name] = Object.keys(command);
    if (login) this.authenticate(login, member);
    else if (name !== 'hello') this.exceptLocalhost(name!, isLocal, member);
    return this.answer(name!, command, host, member);
  }

  private primary(hosts: readonly string[]): string {
    const found = hosts.find((host) => this.members.get(host)?.up && this.members.get(host)?.state === 'primary');
    if (!found) throw new MongoError('', 'Server selection timed out after 5000 ms');
    return found;
  }

  private authenticate({ user, password }: { user: string; password: string }, { state }: Member) {
    const known = state === 'fresh' ? undefined : this.users.get(user);
    if (known?.password !== password) throw new MongoError('AuthenticationFailed', 'Authentication failed.');
  }

  /** @see https://www.mongodb.com/docs/v7.0/core/localhost-exception/ */
  private exceptLocalhost(name: string, isLocal: boolean, { state }: Member) {
    const allowed = ['replSetGetStatus', 'replSetInitiate', 'createUser'].includes(name);
    const hasUsers = state !== 'fresh' && this.users.size > 0;
    if (hasUsers || !isLocal || !allowed) {
      throw new MongoError('Unauthorized', `Command ${name} requires authentication`);
    }
  }

  private answer(name: string, command: Document, host: string, member: Member): Document {
    switch (name) {
      case 'hello': {
        const { state, setName } = member;
        return { ok: 1, setName, isWritablePrimary: state === 'primary', secondary: state === 'secondary' };
      }
      case 'connectionStatus':
        return { ok: 1 };
      case 'replSetGetStatus':
        if (member.state === 'fresh') throw new MongoError('NotYetInitialized', 'no replset config has been received');
        return { ok: 1 };
      case 'replSetInitiate':
        this.initiate(command.replSetInitiate, host, member);
        return { ok: 1 };
      case 'replSetGetConfig':
        return { ok: 1, config: structuredClone(this.config) };
      case 'replSetReconfig':
        this.reconfigure(command.replSetReconfig);
        return { ok: 1 };
      case 'usersInfo': {
        const known = this.users.get(command.usersInfo);
        return { ok: 1, users: known ? [{ user: command.usersInfo, roles: [...known.roles].reverse() }] : [] };
      }
      case 'createUser':
      case 'updateUser':
        this.write(name, command, member);
        return { ok: 1 };
      case 'rolesInfo':
        return { ok: 1, roles: this.roles.has(command.rolesInfo) ? [{ role: command.rolesInfo }] : [] };
      case 'createRole':
        if (this.roles.has(command.createRole)) throw new MongoError('Location51002', 'already exists');
        this.roles.add(command.createRole);
        return { ok: 1 };
      case 'dropRole':
        if (!this.roles.delete(command.dropRole)) throw new MongoError('RoleNotFound');
        for (const user of this.users.values()) {
          user.roles = user.roles.filter(({ role }) => role !== command.dropRole);
        }
        return { ok: 1 };
      case 'grantRolesToUser': {
        const user = this.users.get(command.grantRolesToUser);
        if (!user) throw new MongoError('UserNotFound');
        for (const role of command.roles) {
          if (!this.roles.has(role)) throw new MongoError('RoleNotFound');
          user.roles.push({ role, db: 'admin' });
        }
        return { ok: 1 };
      }
      default:
        throw new MongoError('CommandNotFound', `no such command: ${name}`);
    }
  }

  private initiate(config: Document, host: string, member: Member) {
    if (member.state !== 'fresh') throw new MongoError('AlreadyInitialized');
    if (config.members.length !== 1 || config.members[0].host !== host) {
      throw new Error('with more than itself, another member may become primary, where no user can be made');
    }
    this.config = { ...config, version: 1 };
    Object.assign(member, { state: 'primary', setName: config._id });
    this.changes.push('replSetInitiate');
  }

  private reconfigure(config: Document) {
    const old = this.config!;
    const added = config.members.filter((one: Document) => !old.members.some((other) => other.host === one.host));
    const kept = old.members.every((one) =>
      config.members.some((other: Document) => other.host === one.host && other._id === one._id),
    );
    if (config.version <= old.version || added.length !== 1 || !kept) {
      throw new MongoError('NewReplicaSetConfigurationIncompatible', 'one voting member at a time');
    }
    const [{ _id, host }] = added;
    if (old.members.some((one) => one._id === _id)) throw new MongoError('InvalidReplicaSetConfig');
    this.config = config;
    Object.assign(this.members.get(host)!, { state: 'startup2', setName: config._id });
    this.changes.push(`add ${host}`);
  }

  private write(name: 'createUser' | 'updateUser', command: Document, { state }: Member) {
    if (state !== 'primary') throw new MongoError('NotWritablePrimary');
    const user = command[name];
    if (this.users.has(user) !== (name === 'updateUser')) throw new MongoError('Location51003', `${user}: ${name}`);
    const roles = command.roles.map((role: Document) => (typeof role === 'string' ? { role, db: 'admin' } : role));
    this.users.set(user, { password: command.pwd, roles });
    this.changes.push(`${name} ${user}`);
  }
}

function parse(uri: string) {
  const [, user, password, hosts, query] =
    /^mongodb:\/\/(?:([^:@/]+):([^:@/]+)@)?([^/@]+)\/(?:admin)?\?(.*)$/.exec(uri) ?? [];
  if (!hosts) throw new Error(`not a connection string: ${uri}`);
  const options = new URLSearchParams(query);
  const isSet = options.has('replicaSet');
  if (isSet === (options.get('directConnection') === 'true'))
    throw new Error(`${uri}: neither member nor set, or both`);
  return { login: user ? { user, password: password! } : undefined, hosts: hosts.split(','), isSet };
}
