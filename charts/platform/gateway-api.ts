import type { App } from 'cdk8s';
import { GitRelease } from '../../constructs/git-release.ts';
import { sources } from '../versions.ts';
import { part } from './part.ts';

/** Gateway API's kinds, of its standard channel, for what speaks them; none of the controllers here brings them itself. */
export const gatewayApi = (app: App) =>
  new GitRelease(part(app, 'gateway-api'), 'gateway-api', {
    ...sources['gateway-api'],
    path: 'config/crd',
    provides: { kinds: ['gateway.networking.k8s.io/*'] },
  });
