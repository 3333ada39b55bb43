import type { App } from 'cdk8s';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

const resources = room('100m', '200Mi', '400Mi');

/**
 * What autoscalers and `kubectl top` ask, for clusters that bring none: K3s and managed ones do, and two would fight over
 * one APIService. Kubelets have to have certificates of the cluster's own authority.
 */
export const metricsServer = (app: App, crds: ChartRelease) =>
  new ChartRelease(part(app, 'metrics-server'), 'metrics-server', {
    ...charts['metrics-server'],
    values: {
      replicas: 2,
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      resources,
      metrics: { enabled: true },
      serviceMonitor: { enabled: true },
    },
    uses: [crds],
    runs: [pods('metrics-server', 2, resources, ['registry.k8s.io/metrics-server/metrics-server'])],
    provides: { kinds: ['metrics.k8s.io/*'] },
  });
