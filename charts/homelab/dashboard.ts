import { type App, Chart } from 'cdk8s';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import { assumed } from './assumed.ts';
import { FIRST_TAG, TAGS } from './tags.ts';

/** The start page of the house. */
export function dashboard(app: App) {
  const name = 'homelab-dashboard';
  const chart = new Chart(app, name, { namespace: name, disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');

  const page = new Workload(chart, name, {
    image: new OwnImages(chart, 'images', { tags: TAGS }).own(name, FIRST_TAG),
    size: 'small',
    listens: { http: assumed.ports.value.dashboard },
    health: { live: 'tcp', ready: assumed.health.value.dashboard },
    env: { PORT: assumed.ports.value.dashboard },
    telemetry: true,
  });
  new Ingress(chart, 'ingress', {
    host: assumed.domain.value,
    routes: { '/': page },
    rateLimit: { average: 50, burst: 100 },
  });
}
