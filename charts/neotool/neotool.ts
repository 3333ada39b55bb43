import type { System } from '../../imports/environment.ts';
import { data } from './data.ts';
import type { NeotoolFacts } from './facts.ts';
import { messaging } from './messaging.ts';
import { observability } from './observability.ts';
import { security } from './security.ts';
import { services } from './services.ts';
import { storage } from './storage.ts';
import { web } from './web.ts';
import { workflows } from './workflows.ts';

/**
 * Neotool: four services behind one GraphQL endpoint, a web front end, and the stores they share, in eight namespaces.
 * What it expects of the programs stands in docs/neotool.md.
 */
export const neotool =
  (facts: NeotoolFacts): System =>
  (app, environment) => {
    const { keys, makeSecrets } = security(app, environment, facts);
    const objects = storage(app, environment, facts);
    const postgresql = data(app, facts, objects);
    const kafka = messaging(app, facts);
    const answering = services(app, facts, { postgresql, kafka, objects, keys });
    web(app, facts, answering);
    workflows(app, facts, kafka);
    observability(app, facts);
    makeSecrets();
  };
