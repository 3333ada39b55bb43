import type { System } from '../../imports/environment.ts';
import { dashboard } from './dashboard.ts';
import { databases } from './databases.ts';
import { familyAssistant } from './family-assistant.ts';
import { n8n } from './n8n.ts';

/** Everything that runs in the house, each in a namespace and a Flux Kustomization of its own. */
export const homelab: System = (app) => {
  const stores = databases(app);
  familyAssistant(app, stores);
  dashboard(app);
  n8n(app, stores);
};
