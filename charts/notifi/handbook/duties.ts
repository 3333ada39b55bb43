import { ofKind, type Rendered } from './facts.ts';
import { shell } from './text.ts';

export function duties(rendered: Rendered): string {
  const [store] = ofKind(rendered, 'StatefulSet');
  const claims = ofKind(rendered, 'StatefulSet').map(({ metadata }) => metadata.name);
  return `## Duties

### Daily

${shell(
  'kubectl get nodes && kubectl top nodes',
  'kubectl get pods -A --field-selector=status.phase!=Running,status.phase!=Succeeded',
  "kubectl get events -A --field-selector=type=Warning --sort-by='.lastTimestamp' | tail -20",
  'flux get all -A --status-selector ready=false',
  'linkerd check --proxy',
  'kubectl get cronjobs -A   # LAST SCHEDULE of every backup is last night',
)}

Alerts say all of it by themselves; this is for the day on which alerting is what is broken.

### Weekly

- Merge what Renovate proposes; Flux itself is updated with \`flux bootstrap\`, as it was installed. (\`flux install | kubectl apply\`
  would take the image controllers away, and Flux would undo it.)
- \`kubectl get vulnerabilityreports -A -o wide\`: images with known faults.
- \`velero backup get\`, and the folders on the NAS: last night's are there, and as large as the night before's.
- Disks: \`kubectl -n ${store!.metadata.namespace} exec ${store!.metadata.name}-0 -- df -h\`, and so for ${claims.slice(1).join(', ')}. Alerts come at 15 % free.
- \`kubectl -n notifi logs -l app.kubernetes.io/name=event-processor --since=168h --prefix | grep -i error | tail -50\`, or in Grafana.

### Monthly

- Requests against what is used (Grafana, "Nodes"): edit sizes in TypeScript; quotas follow by themselves.
- Rotate passwords, below. Save the sealing key again: the controller makes a new one every 30 days.
- Restore one store into an empty namespace, below; write down how long it took.
- Look through the dashboards and the alerts that were silenced.
- What the NAS holds is ${rendered.notifi.backups.keepDays} days; nothing has to be cleaned up by hand.

## Restarting a service

${shell(
  'kubectl -n notifi rollout restart deployment/<name> && kubectl -n notifi rollout status deployment/<name>',
  'kubectl -n notifi get ksvc <name>   # a worker: restart it by a push, its pods come and go by themselves',
)}

A rollout starts a new pod before it stops an old one. Never delete all pods of a store at once but where a row below says so.

## Scaling

Numbers stand in \`charts/notifi/services.ts\` (\`scale\`, \`worker\`) and, for stores, in \`charts/environments/${rendered.environment.name}.ts\`. \`kubectl scale\` is
undone by Flux. \`npm run synth\` refuses what cannot work: more pods than PostgreSQL has connections for, a pod that no node
can take. A volume of local-path does not grow: to enlarge one, add a member's worth of room elsewhere first (dump, new
store, restore). The number of members of MinIO is for good.`;
}
