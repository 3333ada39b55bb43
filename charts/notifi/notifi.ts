import { Chart } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ConnectionBudget } from '../../constructs/connection-budget.ts';
import { Credential } from '../../constructs/credential.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Namespace } from '../../constructs/namespace.ts';
import type { System } from '../../imports/environment.ts';
import { alertsOf } from './alerts.ts';
import { data } from './data.ts';
import type { NotifiFacts } from './facts.ts';
import { Fleet } from './fleet.ts';
import { messaging } from './messaging.ts';
import { movingIn } from './moving-in.ts';
import { priorities } from './priorities.ts';
import { services as entries } from './services.ts';
import { POOL } from './stores.ts';
import type { Entry } from './table.ts';
import { api, consoles } from './ways-in.ts';

/** Notifi, a notification service: the stores, the brokers and the services of services.ts, each in the plan's namespaces. */
export const notifi =
  (facts: NotifiFacts): System =>
  (app, { registries }) => {
    const classes = priorities(app);
    const stores = data(app, facts, classes);
    const brokers = messaging(app, facts, classes);

    const chart = new Chart(app, 'notifi', { namespace: 'notifi', disableResourceNameHashes: true });
    // Knative's pods for a broker have no seccomp profile; ours would pass a restricted one.
    new Namespace(chart, 'namespace', { podSecurity: 'baseline', quota: { headroom: 20 } });
    const { pullSecret } = registries.own;
    if (pullSecret) {
      new Credential(chart, 'registry', {
        name: pullSecret,
        type: 'kubernetes.io/dockerconfigjson',
        namespaces: ['notifi', 'flux-system'],
        keys: { '.dockerconfigjson': 'given' },
      });
    }
    const services = new Fleet(chart, {
      data: stores,
      messaging: brokers,
      priorities: classes,
      images: new OwnImages(chart, 'images'),
    });
    api(chart, facts, services);
    consoles(app, facts, brokers);
    if (facts.movesFrom) movingIn(facts.movesFrom, stores);
    const { connections } = stores.postgresql;
    new AlertRules(chart, 'alerts', { rules: alertsOf(connections) });
    new ConnectionBudget(chart, 'connections', {
      maxConnections: connections,
      // Patroni, replication and the superuser's own.
      reserved: 10,
      clients: [...connected(), { name: 'backup' }, { name: 'exporter', pods: stores.postgresql.members }],
    });
  };

/** Who may be connected to PostgreSQL at one time: every pod there may be, and the one more of a rollout. */
const connected = () =>
  Object.entries<Entry>(entries)
    .filter(([, { uses = [] }]) => uses.includes('postgresql'))
    .map(([name, { scale }]) => ({ name, pods: (scale?.max ?? scale?.min ?? 2) + 1, each: POOL }));
