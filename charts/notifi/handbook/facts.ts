import type { Environment, RenderedObject } from '../../../imports/environment.ts';
import type { NotifiFacts } from '../facts.ts';

/** What the texts are made of. */
export interface Rendered {
  readonly environment: Environment;
  readonly objects: readonly RenderedObject[];
  readonly notifi: NotifiFacts;
}

export const ofKind = ({ objects }: Rendered, ...kinds: readonly string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind));

/** What the plan has for each member's volume. */
export const planned: Readonly<
  Record<keyof NotifiFacts['stores'], { members: number; storage: string; cpu: string; memory: string }>
> = {
  postgresql: { members: 3, storage: '100Gi', cpu: '500m', memory: '2Gi' },
  redis: { members: 3, storage: '20Gi', cpu: '500m', memory: '1Gi' },
  mongodb: { members: 3, storage: '50Gi', cpu: '500m', memory: '2Gi' },
  minio: { members: 3, storage: '500Gi', cpu: '500m', memory: '1Gi' },
  rabbitmq: { members: 3, storage: '20Gi', cpu: '500m', memory: '1Gi' },
  kafka: { members: 2, storage: '100Gi', cpu: '1000m', memory: '2Gi' },
};

/** Jobs that a person starts: every suspended CronJob. */
export const byHand = (rendered: Rendered) => ofKind(rendered, 'CronJob').filter(({ spec }) => spec.suspend === true);

export const startOf = ({ metadata: { name, namespace } }: RenderedObject) =>
  `kubectl -n ${namespace} create job --from=cronjob/${name} ${name}-$(date +%s)`;

/** Members on a node lose their volume with it; what has a majority elsewhere goes on. */
export const replicated = (rendered: Rendered) =>
  ofKind(rendered, 'StatefulSet').filter(({ spec }) => spec.volumeClaimTemplates && spec.replicas > 1);

/** Host name of Grafana, whose Ingress is its chart's. */
export const grafanaOf = (rendered: Rendered): string =>
  ofKind(rendered, 'HelmRelease').flatMap(({ spec }) => spec.values?.grafana?.ingress?.hosts ?? [])[0] ??
  'grafana, by kubectl port-forward';
