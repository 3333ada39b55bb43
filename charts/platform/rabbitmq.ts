import type { App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { GitRelease } from '../../constructs/git-release.ts';
import { declare } from '../../imports/relations.ts';
import { sources } from '../versions.ts';
import { part } from './part.ts';

/** As their manifests have them. */
const requests = {
  'cluster-operator': { cpu: '200m', memory: '500Mi' },
  'messaging-topology-operator': { cpu: '300m', memory: '128Mi' },
};

/** The operators that run RabbitMQ and keep what is in it. Both have webhooks, and cert-manager make their certificates. */
export function rabbitmq(app: App, certManager: IConstruct) {
  // Where their manifests install to; policies of brokers let pods of this namespace in.
  const chart = part(app, 'rabbitmq-system');
  const operator = (name: keyof typeof requests, provides: { kinds: string[] }, uses: IConstruct[]) => {
    const image = `ghcr.io/rabbitmq/${name}`;
    const release = new GitRelease(chart, name, {
      ...sources[name],
      path: 'config/installation',
      // Their manifests say latest.
      images: { [image]: sources[name].version.slice(1) },
      provides,
      uses,
    });
    declare(release, { runs: [{ namespace: 'rabbitmq-system', name, pods: 1, ...requests[name], images: [image] }] });
    return release;
  };

  const cluster = operator('cluster-operator', { kinds: ['rabbitmq.com/RabbitmqCluster'] }, [certManager]);
  return operator('messaging-topology-operator', { kinds: ['rabbitmq.com/*'] }, [certManager, cluster]);
}
