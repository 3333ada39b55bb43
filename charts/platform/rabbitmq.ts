import type { App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { GitRelease } from '../../constructs/git-release.ts';
import { sources } from '../versions.ts';
import { part } from './part.ts';

/** The operators that run RabbitMQ and keep what is in it. Both have webhooks, and cert-manager make their certificates. */
export function rabbitmq(app: App, certManager: IConstruct) {
  // Where their manifests install to; policies of brokers let pods of this namespace in.
  const chart = part(app, 'rabbitmq-system');
  const operator = (name: keyof typeof sources, provides: { kinds: string[] }, uses: IConstruct[]) =>
    new GitRelease(chart, name, {
      ...sources[name],
      path: 'config/installation',
      // Their manifests say latest.
      images: { [`ghcr.io/rabbitmq/${name}`]: sources[name].version.slice(1) },
      provides,
      uses,
    });

  const cluster = operator('cluster-operator', { kinds: ['rabbitmq.com/RabbitmqCluster'] }, [certManager]);
  return operator('messaging-topology-operator', { kinds: ['rabbitmq.com/*'] }, [certManager, cluster]);
}
