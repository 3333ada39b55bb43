import { Chart } from 'cdk8s';
import { Credential } from '../../constructs/credential.ts';
import { OwnImages } from '../../constructs/images.ts';
import { Namespace } from '../../constructs/namespace.ts';
import type { System } from '../../imports/environment.ts';
import { data } from './data.ts';
import type { NotifiFacts } from './facts.ts';
import { fleet } from './fleet.ts';
import { messaging } from './messaging.ts';
import { priorities } from './priorities.ts';

/** Notifi, a notification service: the stores, the brokers and the services of services.ts, each in the plan's namespaces. */
export const notifi =
  (facts: NotifiFacts): System =>
  (app, { registries }) => {
    const classes = priorities(app);
    const stores = data(app, facts, classes);
    const brokers = messaging(app, facts, classes);

    const chart = new Chart(app, 'notifi', { namespace: 'notifi', disableResourceNameHashes: true });
    new Namespace(chart, 'namespace', { quota: { headroom: 20 } });
    const { pullSecret } = registries.own;
    if (pullSecret) {
      new Credential(chart, 'registry', {
        name: pullSecret,
        type: 'kubernetes.io/dockerconfigjson',
        namespaces: ['notifi', 'flux-system'],
        keys: { '.dockerconfigjson': 'given' },
      });
    }
    fleet(chart, {
      data: stores,
      messaging: brokers,
      priorities: classes,
      images: new OwnImages(chart, 'images'),
    });
  };
