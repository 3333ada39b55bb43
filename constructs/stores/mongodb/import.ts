import { Construct, type IConstruct } from 'constructs';
import { KubeNetworkPolicy } from '../../../imports/k8s.ts';
import { declare, type PodSet } from '../../../imports/relations.ts';
import type { Credential } from '../../credential.ts';
import type { Dependency, SecretKey } from '../../dependency.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { runOnChange } from '../../jobs.ts';
import { Pod } from '../../pod.ts';
import { PORT, REPLICA_SET } from './replica-set.ts';

export interface MongoImportProps {
  /** Address of the server to be left: `mongodb://root:<password>@mongodb-0.mongodb.shop.svc:27017/?authSource=admin&directConnection=true`. */
  readonly uri: SecretKey;
  /** Its pods, in this cluster; they are let be reached by the import, and by nothing else any more. */
  readonly pods: PodSet;
  /** Minutes after which it is given up. @default 60 */
  readonly deadlineMinutes?: number;
}

/**
 * Fills a new set with what another server has, once: a Job that dumps, restores, and compares every collection by its hash.
 * What uses it waits until that is done; before, nothing may write to the old server, or the comparison fails and it
 * begins again. Run again after it is done it changes nothing. It refuses a set that has data from elsewhere. Users are not
 * brought along: the set has its own.
 */
export class MongoImport extends Construct implements Dependency {
  readonly construct: IConstruct = this;

  constructor(
    store: HaStatefulStore,
    id: string,
    props: MongoImportProps & { readonly admin: Credential; readonly image: Image },
  ) {
    super(store, id);
    const { uri, pods, deadlineMinutes = 60, admin, image } = props;
    const name = `${store.name}-${id}`;
    const hosts = store.hosts.map((host) => `${host}:${PORT}`).join(',');
    const pod = new Pod(this, 'pod', {
      name,
      image,
      size: 'medium',
      run: { command: ['bash', '/scripts/import.sh'], user: 999, writable: [FOLDER] },
      env: {
        FOLDER,
        // The shell wants to keep its own files there.
        HOME: '/tmp',
        SOURCE: uri,
        ROOT_PASSWORD: admin.key('root'),
        TARGET: `mongodb://root:$(ROOT_PASSWORD)@${hosts}/?replicaSet=${REPLICA_SET}&authSource=admin&w=majority`,
      },
      files: { '/scripts/import.sh': script, '/scripts/import.js': steps },
      uses: [{ endpoints: [store.endpoint('mongodb'), { to: pods, port: PORT }] }],
    });
    declare(this, { layer: 'stores' });

    new KubeNetworkPolicy(this, 'source', {
      metadata: { name: `${name}-source`, namespace: pods.namespace, labels: pod.labels },
      spec: {
        podSelector: { matchLabels: { ...pods.labels } },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pod.pods.namespace } },
                podSelector: { matchLabels: { ...pod.pods.labels } },
              },
            ],
            ports: [{ protocol: 'TCP', port: PORT }],
          },
        ],
      },
    });
    runOnChange(this, pod.metadata, {
      backoffLimit: 3,
      activeDeadlineSeconds: deadlineMinutes * 60,
      template: pod.template({ pod: { restartPolicy: 'Never' } }),
    });
  }
}

const FOLDER = '/dump';

// The set may still be beginning, and makes root last; a refusal is said once and for all.
const script = `#!/bin/bash
set -euo pipefail
step() { STEP=$1 mongosh --nodb --norc --quiet "$(dirname "$0")/import.js"; }
until state=$(step begin); do
  echo "import: waits for both servers" >&2
  sleep 5
done
echo "import: $state"
case $state in
  done) exit 0 ;;
  begun) ;;
  *) exit 1 ;;
esac
archive=$FOLDER/archive
mongodump --config=<(printf 'uri: %s\\n' "$SOURCE") --gzip --archive="$archive"
mongorestore --config=<(printf 'uri: %s\\n' "$TARGET") --gzip --archive="$archive" --drop \\
  --nsExclude='admin.*' --nsExclude='config.*'
state=$(step compare)
echo "import: $state"
[[ $state == done ]]
`;

// The shell awaits every answer by itself, but not inside of callbacks: loops, no filter() or map(), where it asks.
const steps = `const target = new Mongo(process.env.TARGET);
const kept = target.getDB('fleet');
const own = ['admin', 'config', 'local', 'fleet'];

function databasesOf(server) {
  const { databases } = server.getDB('admin').runCommand({ listDatabases: 1, nameOnly: true });
  return databases.map((each) => each.name).filter((name) => !own.includes(name)).sort();
}

function hashesOf(server, database) {
  return JSON.stringify(Object.entries(server.getDB(database).runCommand({ dbHash: 1 }).collections).sort());
}

function stateOf() {
  const { cursor } = kept.runCommand({ find: 'imports', filter: { _id: 'import' } });
  return cursor.firstBatch.length ? cursor.firstBatch[0].state : 'none';
}

function keep(state) {
  kept.runCommand({
    update: 'imports',
    updates: [{ q: { _id: 'import' }, u: { _id: 'import', state }, upsert: true }],
    writeConcern: { w: 'majority' },
  });
  return state;
}

function begin() {
  const state = stateOf();
  // A second run is to need the old server no more.
  if (state === 'done') return state;
  databasesOf(new Mongo(process.env.SOURCE));
  if (state === 'begun') return state;
  const there = databasesOf(target);
  if (there.length) return 'refused: ' + there.join(', ') + ' would be overwritten, and came from elsewhere; drop them first';
  return keep('begun');
}

function compare() {
  const source = new Mongo(process.env.SOURCE);
  const wanted = databasesOf(source);
  const there = databasesOf(target);
  for (const database of wanted) {
    if (!there.includes(database)) return 'failed: ' + database + ' did not arrive';
    if (hashesOf(source, database) !== hashesOf(target, database)) {
      return 'failed: ' + database + ' differs; somebody writes to the old server';
    }
  }
  return keep('done');
}

print(process.env.STEP === 'begin' ? begin() : compare());
`;
