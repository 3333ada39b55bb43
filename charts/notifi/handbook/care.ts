import { machinesOf } from '../../platform/k3s-hosts.ts';
import { byHand, grafanaOf, ofKind, type Rendered, startOf } from './facts.ts';
import { shell, tableOf } from './text.ts';

export function care(rendered: Rendered): string {
  const { environment } = rendered;
  const { name } = environment;
  const { server, machines } = machinesOf(environment);
  const order = [...machines].filter((machine) => machine !== server).map((machine) => machine.name);
  return `## Updating a node

One at a time, in this order, the server last: ${[...order, server.name].join(', ')}.

${shell(
  'kubectl drain <node> --ignore-daemonsets --delete-emptydir-data   # waits for members that catch up',
  'ssh <node> "sudo apt update && sudo apt full-upgrade -y && sudo reboot"',
  'kubectl uncordon <node> && kubectl get pods -A -o wide --field-selector=spec.nodeName=<node>',
)}

A drain stops where a store has another member away: that is its budget, wait. Members wait for their node, whose disk they
have. K3s: change the version in \`charts/versions.ts\`, render, and install it as above, the server first.

## Rotating passwords

Seal a new value (\`npm run seal -- ${name} <namespace>/<secret> --regenerate\`, for each namespace that reads it the same value), push, and:

${tableOf(
  ['password of', 'Secret', 'then'],
  [
    [
      'PostgreSQL, user notifi',
      'postgresql-notifi',
      'the Job postgresql-bootstrap sets it, and the services restart by themselves',
    ],
    ['PostgreSQL, superuser and standby', 'postgresql-admin', 'not by sealing alone, below'],
    [
      'Redis',
      'redis-password',
      'delete the three pods at once: members with different passwords do not speak to each other',
    ],
    ['MongoDB, user notifi', 'mongodb-notifi', 'the members set it, and the services restart by themselves'],
    ['MinIO, users of buckets', 'minio-<bucket>', 'the Job minio-buckets sets it; what reads it restarts'],
    [
      'RabbitMQ, user notifi',
      'notifi-rabbitmq-notifi',
      'kubectl -n messaging delete user notifi-rabbitmq-notifi, which is made again with it',
    ],
    ['Kafka, a user', 'notifi-kafka-<service>', 'the user operator sets it within two minutes; the service restarts'],
    ['a provider', '<service>-credentials', 'the service restarts by itself; then revoke the old one at the provider'],
    [
      'Grafana',
      'grafana-admin',
      'kubectl -n monitoring rollout restart deployment/kube-prometheus-stack-grafana, whose database begins anew with each pod',
    ],
    ['Prometheus and Linkerd, pages of', '<page>-users', 'nothing; its lines are made by htpasswd -nB <user>'],
  ],
)}

Of PostgreSQL's superuser and standby no member changes the password in the database: one that restarts with another is not let in by
the leader, and with two of those nothing is written. So it is set there first, at the leader (\`patronictl list\`), by which
nobody loses a connection; then the same values are sealed, and the members restart one by one:

${shell(
  "kubectl -n data-services exec -ti postgresql-<n> -c postgresql -- psql -U postgres -c '\\password standby' -c '\\password postgres'",
  `printf 'standby=%s\\nsuperuser=%s\\n' "$standby" "$superuser" | npm run seal -- ${name} data-services/postgresql-admin`,
)}

## Certificates

${tableOf(
  ['certificate', 'lasts', 'renewed'],
  [
    ...ofKind(rendered, 'Ingress')
      .flatMap(({ spec }) => spec.tls ?? [])
      .filter(({ secretName }, index, all) => all.findIndex((one) => one.secretName === secretName) === index)
      .map(({ hosts, secretName }) => [
        `${hosts.join(', ')} (${secretName})`,
        '90 days',
        'by cert-manager, 30 days before',
      ]),
    [`${grafanaOf(rendered)} (grafana-tls)`, '90 days', 'by cert-manager, 30 days before'],
    ...ofKind(rendered, 'Certificate').map(({ metadata, spec }) => [
      `${metadata.namespace}/${metadata.name}`,
      spec.duration ?? '90 days',
      spec.renewBefore ? `by cert-manager, ${spec.renewBefore} before` : 'by cert-manager, in the last third',
    ]),
    ['sealing key', '10 years', 'a new one every 30 days; old ones go on opening what they sealed'],
    ['K3s, servers and agents', '365 days', 'when K3s starts in the last 120 days: restart it once a quarter'],
  ],
)}

\`kubectl get certificates -A\` shows the dates; Prometheus alerts when one is not renewed.

## Disaster recovery drill

Twice a year, on one spare machine, against a clock: all five machines are gone; there is the Git repository, the NAS, and the
saved sealing key.

1. K3s as above on the spare machine; \`kubectl create namespace sealed-secrets\` and \`kubectl apply -f sealing-key.yaml\`.
2. An environment of its own (\`npm run new -- env drill\`): one node, one member of each store. Bootstrap Flux into it.
3. Restore from the NAS: PostgreSQL, MongoDB, Redis, the buckets.
4. \`curl https://<its api>/health\`; count a table; open an attachment. Write down the minutes, and what was missing here.

Of the server alone: \`k3s server --cluster-reset --cluster-reset-restore-path=/var/lib/rancher/k3s/server/db/snapshots/<newest>\` on ${server.name},
with the same token. Copy that folder to the NAS from time to time: it is on the disk that fails.

## Moving in from the cloud

Before: lower the TTL of the names to 60 s a day ahead, tell the tenants, and keep the old side running to go back to. These
Jobs are rendered suspended; each may run again, and then replaces or completes what it copied:

${shell(
  ...byHand(rendered)
    .filter(({ metadata }) => metadata.name.startsWith('import-'))
    .map(startOf),
)}

1. Run both while the old side is in use: it shows how long they take.
2. Stop writing on the old side. Stop Notifi's services here, as before a restore: the import of the database refuses to replace one that somebody is connected to.
3. Run both again. They end with the counts of rows and of objects on both sides, and fail where these differ.
4. \`flux resume kustomization notifi\`, \`curl https://${rendered.notifi.hosts.api}/health\`, then point the names here.
5. Back: point the names at the old side again. What was written here since then stays here.`;
}
