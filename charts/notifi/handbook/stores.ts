import { byHand, ofKind, type Rendered, replicated, startOf } from './facts.ts';
import { shell, tableOf } from './text.ts';

/** What happens by itself when a member is lost, and what a person looks at. */
const failover: Readonly<Record<string, readonly [does: string, look: string]>> = {
  postgresql: [
    'Patroni elects a member that has every acknowledged write, within about 30 s; the Service follows',
    'kubectl -n data-services exec postgresql-0 -c postgresql -- patronictl list',
  ],
  redis: [
    'the sentinels promote a replica, within about 10 s; the proxy in front follows',
    'kubectl -n data-services exec redis-0 -c redis -- redis-cli -p 26379 sentinel masters',
  ],
  mongodb: [
    'the members elect a primary; drivers follow',
    'kubectl -n data-services exec mongodb-0 -c mongodb -- mongosh --quiet --eval "db.hello()"',
  ],
  minio: [
    'nothing has to: the others read and write on',
    'kubectl -n data-services get pods -l app.kubernetes.io/name=minio -o wide',
  ],
};

export function stores(rendered: Rendered): string {
  const { notifi } = rendered;
  const { nas, keepDays } = notifi.backups;
  const nightly = ofKind(rendered, 'CronJob').filter(({ spec }) => !spec.suspend);
  const schedules = ofKind(rendered, 'Schedule');
  return `## Failover

${tableOf(
  ['store', 'when a member is lost', 'look'],
  [
    ...replicated(rendered).map(({ metadata }) => {
      const [does, look] = failover[metadata.name] ?? [
        'it goes on with the others',
        `kubectl -n ${metadata.namespace} get pods`,
      ];
      return [metadata.name, does, `\`${look}\``];
    }),
    [
      'notifi-rabbitmq',
      'quorum queues elect a leader each; a minority that is cut off stops',
      '`kubectl -n messaging exec notifi-rabbitmq-server-0 -- rabbitmq-diagnostics cluster_status`',
    ],
    [
      'notifi-kafka',
      'partitions get leaders among those in sync; two of three have to be',
      '`kubectl -n kafka get kafka,kafkatopics,pods`',
    ],
  ],
)}

A member that comes back catches up by itself. **A node that is lost for good** takes its members' volumes along: delete those
claims, and the pods, and they start empty on another node and are filled by the others. One store at a time, and only
while the other two members are ready:

${shell(
  'kubectl delete node <node>',
  "kubectl get pvc -A -o custom-columns='NAMESPACE:.metadata.namespace,NAME:.metadata.name,NODE:.metadata.annotations.volume\\.kubernetes\\.io/selected-node' | grep <node>",
  'kubectl -n <namespace> delete pvc <claim> --wait=false && kubectl -n <namespace> delete pod <pod>',
)}

To give PostgreSQL's lead to another member on purpose: \`kubectl -n data-services exec -it postgresql-0 -c postgresql -- patronictl switchover\`.

## Backup and restore

Dumps go to MinIO and to ${nas.user}@${nas.host}:${nas.path}, and are kept for ${keepDays} days. Each is read again to its end before it counts.
RabbitMQ and Kafka are not dumped: what is in them is on its way, or made again from PostgreSQL.

${tableOf(
  ['every night, UTC', 'at', 'what'],
  [
    ...nightly.map(({ metadata, spec }) => [
      `${metadata.namespace}/${metadata.name}`,
      clock(spec.schedule),
      metadata.name.endsWith('-copy') ? 'a bucket, to the NAS' : 'a dump, to MinIO and the NAS',
    ]),
    ...schedules.map(({ metadata, spec }) => [
      `${metadata.namespace}/${metadata.name}`,
      clock(spec.schedule),
      'every object of the cluster, by Velero, to MinIO; copied to the NAS',
    ]),
  ],
)}

A backup by hand: \`kubectl -n data-services create job --from=cronjob/postgresql-backup backup-now\`. The way back, from the newest one:

${shell(
  ...byHand(rendered)
    .filter(({ metadata }) => metadata.name.endsWith('-restore'))
    .map(startOf),
  'kubectl -n data-services exec -i redis-0 -c redis -- bash /scripts/restore.sh < redis-<time>.rdb   # into an empty store',
  'mongorestore --uri "mongodb://<user>@<hosts>/?replicaSet=rs0" --gzip --archive=<file> --oplogReplay --drop   # as a user who may do anything',
)}

\`STAMP=<time in the file's name>\` in the Job's container \`download\` takes an older one. Stop what writes to the store first, and look at the Job's log: it ends
with \`is back\`.

${shell(...stop)}

 Buckets:
\`rclone copy <nas>/<bucket>/current <minio>:<bucket>\`; what was deleted or replaced is in \`replaced/<day>\`.

Velero brings back objects, not the data of stores: \`velero restore create --from-backup <backup> --include-namespaces <namespace>\`.
A volume it takes along where the pod is annotated \`backup.velero.io/backup-volumes: <volume>\`, of class \`local-path-readable\` and of
\`local-path\` alike; only one that K3s made before v1.29.4 is \`hostPath\`, which it leaves out.`;
}

/** As suspended, Flux leaves the numbers alone. */
const stop = [
  'flux suspend kustomization notifi && kubectl -n notifi scale deployment --all --replicas=0',
  'flux resume kustomization notifi   # and they are back',
];

const clock = (schedule: string) => {
  const [minute = '', hour = ''] = schedule.split(' ');
  return `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
};
