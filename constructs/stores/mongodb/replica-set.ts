import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import type { Sidecar } from '../../pod.ts';

export const PORT = 27017;

/** In every member's data: it can never change. */
export const REPLICA_SET = 'rs0';

export interface ReplicaSetProps {
  readonly admin: Credential;
  /** By database, which is also the user. */
  readonly passwords: ReadonlyMap<string, Credential>;
  /** Users who make databases. */
  readonly tenants: readonly string[];
  /** Has bash and mongosh. */
  readonly image: Image;
}

/**
 * What the members are and who may log in, brought about from beside the first member: a set that has no users lets
 * in only who calls it from its own machine.
 * @see https://www.mongodb.com/docs/v7.0/core/localhost-exception/
 */
export function replicaSet(store: HaStatefulStore, { admin, passwords, tenants, image }: ReplicaSetProps): Sidecar {
  const databases = [...passwords.keys()];
  const roles = {
    monitor: ['clusterMonitor@admin', 'read@local'],
    dump: ['backup@admin'],
    ...Object.fromEntries(
      databases.map((database) => [
        database,
        tenants.includes(database)
          ? ['dbAdminAnyDatabase@admin', 'readWriteAnyDatabase@admin']
          : [`dbAdmin@${database}`, `readWrite@${database}`],
      ]),
    ),
  };
  const members = store.hosts.map((host) => `${host}:${PORT}`);
  return {
    name: 'replica-set',
    image,
    size: { cpu: '10m', memory: '32Mi', memoryLimit: '256Mi' },
    run: { command: ['bash', '/scripts/replica-set.sh'] },
    env: {
      POD_NAME: { field: 'metadata.name' },
      // The image's home is the data folder, and the shell wants to keep its own files there.
      HOME: '/tmp',
      PASSWORD_OF_root: admin.key('root'),
      PASSWORD_OF_monitor: admin.key('monitor'),
      PASSWORD_OF_dump: admin.key('dump'),
      ...Object.fromEntries(
        [...passwords].map(([database, password]) => [`PASSWORD_OF_${database}`, password.key('password')]),
      ),
    },
    files: { '/scripts/replica-set.sh': loop, '/scripts/replica-set.js': script(members, roles) },
  };
}

const loop = `#!/bin/bash
set -euo pipefail
trap 'exit 0' TERM
if [[ $POD_NAME == *-0 ]]; then
  until mongosh --nodb --norc --quiet /scripts/replica-set.js; do
    sleep 5 &
    wait $!
  done
fi
sleep infinity &
wait $!
`;

// The shell awaits every answer by itself, but not inside of callbacks: loops, no filter() or map(), where it asks.
const script = (
  members: readonly string[],
  roles: object,
) => `// Done, or what it waits for: it is run until it succeeds.
const set = '${REPLICA_SET}';
const members = ${JSON.stringify(members, null, 2)};
const rolesOf = ${JSON.stringify(roles, null, 2)};
const local = '127.0.0.1:${PORT}';
const [first, ...peers] = members;

const passwordOf = (user) => process.env['PASSWORD_OF_' + user];

function connect(hosts, options, user) {
  const login = user ? user + ':' + passwordOf(user) + '@' : '';
  return new Mongo('mongodb://' + login + hosts + '/admin?serverSelectionTimeoutMS=5000&' + options).getDB('admin');
}
const member = (host, user) => connect(host, 'directConnection=true', user);
const primary = (user) => connect(members.join(','), 'replicaSet=' + set, user);

function hello(host) {
  return member(host).runCommand({ hello: 1 });
}

function begin() {
  try {
    member(local).runCommand({ replSetGetStatus: 1 });
    throw new Error(first + ' is starting');
  } catch (error) {
    // Any other error may come from a member that has a configuration.
    if (error.codeName !== 'NotYetInitialized') throw error;
  }
  // One that does not answer is an error too: it may have the configuration that this member lost with its volume.
  for (const peer of peers) {
    if (hello(peer).setName) throw new Error(peer + ' has a configuration, the set will fill ' + first + ' again');
  }
  member(local).runCommand({ replSetInitiate: { _id: set, members: [{ _id: 0, host: first }] } });
  throw new Error(first + ' begins the set');
}

function canLogIn(user) {
  try {
    primary(user).runCommand({ connectionStatus: 1 });
    return true;
  } catch (error) {
    if (error.codeName !== 'AuthenticationFailed') throw error;
    return false;
  }
}

// Allowed from here and only as long as there is no user at all.
function makeRoot(state) {
  if (!state.isWritablePrimary) throw new Error('root is refused, and ' + first + ' is not the primary');
  try {
    member(local).runCommand({ createUser: 'root', pwd: passwordOf('root'), roles: ['root'] });
  } catch (error) {
    if (error.codeName !== 'Unauthorized') throw error;
    throw new Error('root is refused: the Secret has another password than the set; put the old one back');
  }
}

// One at a time, as the server demands; a new one votes once it is filled.
function addMembers(admin) {
  for (const host of members) {
    const { config } = admin.runCommand({ replSetGetConfig: 1 });
    if (config.members.some((known) => known.host === host)) continue;
    const { setName } = hello(host);
    if (setName) throw new Error(host + ' has the configuration of another set, ' + setName + '; empty its volume');
    const id = Math.max(...config.members.map((known) => known._id)) + 1;
    admin.runCommand({
      replSetReconfig: { ...config, version: config.version + 1, members: [...config.members, { _id: id, host }] },
    });
    print('replica set: ' + host + ' is added');
  }
}

function keepUser(admin, user) {
  const wanted = rolesOf[user].join();
  const roles = rolesOf[user].map((role) => ({ role: role.split('@')[0], db: role.split('@')[1] }));
  const [known] = admin.runCommand({ usersInfo: user }).users;
  const command = known ? 'updateUser' : 'createUser';
  if (known) {
    const granted = known.roles.map((role) => role.role + '@' + role.db).sort().join();
    if (granted === wanted && canLogIn(user)) return;
  }
  admin.runCommand({ [command]: user, pwd: passwordOf(user), roles });
  print('replica set: ' + command + ' ' + user);
}

for (const user of ['root', ...Object.keys(rolesOf)]) {
  if (!/^[A-Za-z0-9._~-]+$/.test(passwordOf(user))) {
    throw new Error('password of ' + user + ': a URI cannot hold it as it is; use letters and digits');
  }
}
const state = hello(local);
if (!state.setName) begin();
if (!state.isWritablePrimary && !state.secondary) throw new Error(first + ' is neither primary nor secondary yet');
if (!canLogIn('root')) makeRoot(state);
const admin = primary('root');
addMembers(admin);
for (const user of Object.keys(rolesOf)) keepUser(admin, user);
print('replica set: members and users are as declared');
`;
