import type { App } from 'cdk8s';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';

/** The monitors' kinds alone, apart from the monitoring that reads them: what monitoring itself needs may be monitored too. */
export const prometheusCrds = (app: App) =>
  new ChartRelease(part(app, 'prometheus-crds'), 'prometheus-operator-crds', {
    ...charts['prometheus-operator-crds'],
    provides: { kinds: ['monitoring.coreos.com/*'] },
  });
