import type { App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

const resources = room('10m', '32Mi', '128Mi');

/** Copies certificates of authorities from namespace cert-manager to where they are trusted. */
export const trustManager = (app: App, certManager: IConstruct) =>
  new ChartRelease(part(app, 'trust-manager'), 'trust-manager', {
    ...charts['trust-manager'],
    values: {
      // The public authorities are not needed.
      defaultPackage: { enabled: false },
      resources,
    },
    runs: [pods('trust-manager', 1, resources, ['quay.io/jetstack/trust-manager'])],
    uses: [certManager],
    provides: { kinds: ['trust.cert-manager.io/*', 'trust-manager.io/*'] },
  });
