import { images } from '../../versions.ts';
import { grafanaOf, type Rendered } from './facts.ts';
import { shell, tableOf } from './text.ts';

export const troubles = (rendered: Rendered): string => `## Troubleshooting

**A pod stays Pending.**

${shell(
  'kubectl -n <namespace> describe pod <pod> | tail -20   # the scheduler says which node lacks what',
  'kubectl -n <namespace> get pvc   # a member waits for the node that has its volume',
  'kubectl -n <namespace> describe resourcequota   # "exceeded quota" stands in the events of the ReplicaSet',
)}

**A pod stays in CreateContainerConfigError.** A Secret is missing: \`npm run seal -- ${rendered.environment.name}\` lists what is not sealed.

**A service does not answer.**

${shell(
  'kubectl -n <namespace> get endpointslices -l kubernetes.io/service-name=<service>',
  'kubectl -n notifi logs -l app.kubernetes.io/name=<service> --tail=50 --prefix',
  'npm run check   # would its policies let the call through?',
)}

A debug pod of its own reaches nothing: every namespace is closed to what is not declared. Debug inside of a pod that may:
\`kubectl -n notifi debug -it <pod> --image=${images.curl} --target=<service>\`.

**PostgreSQL turns clients away.**

${shell(
  'kubectl -n data-services exec postgresql-0 -c postgresql -- psql -U postgres -c "SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC"',
  'kubectl -n data-services exec postgresql-0 -c postgresql -- psql -U postgres -c "SELECT * FROM pg_stat_replication"',
)}

**Memory runs out.** \`kubectl top pods -A --sort-by=memory | head\`; \`kubectl get pods -A -o json | jq -r '.items[] | select(.status.containerStatuses[]?.lastState.terminated.reason == "OOMKilled") | .metadata.name'\`.
Raise the limit in TypeScript; a store's own settings follow it.

**Flux does not apply a push.** \`flux get kustomizations\` has the reason; \`flux reconcile kustomization flux-system --with-source\`.

**The edge answers, the cluster does not.** \`nginx -t\`, \`tail /var/log/nginx/connections.log\` on the edge; \`kubectl -n traefik get pods -o wide\`: a
node without a Traefik answers nobody.

## Where to look

${tableOf(
  ['page', 'address', 'login'],
  [
    ['Grafana', `https://${grafanaOf(rendered)}`, 'its own'],
    ['Prometheus', `https://${rendered.notifi.hosts.prometheus}`, 'Secret monitoring/prometheus-users'],
    [
      'RabbitMQ',
      `https://${rendered.notifi.hosts.rabbitmq}`,
      'a user of RabbitMQ: Secret messaging/notifi-rabbitmq-default-user',
    ],
    ['Linkerd', `https://${rendered.notifi.hosts.linkerd}`, 'Secret linkerd-viz/linkerd-users'],
  ],
)}

## To fill in

${tableOf(
  ['contact', 'name', 'telephone'],
  [
    ['on call', '', ''],
    ['second on call', '', ''],
    ['network and power', '', ''],
    ['providers: Twilio, SendGrid, RPC', '', ''],
  ],
)}

${tableOf(
  ['service level', 'aim', 'measured by'],
  [
    ['API answers', '', 'http_requests_total without 5xx, per month'],
    ['event to delivery, 95 of 100', '', 'traces, dashboard "Services"'],
    ['data that may be lost (RPO)', '24 h', 'alert DatabaseBackupOverdue'],
    ['time to be back (RTO)', '', 'the drill'],
  ],
)}`;
