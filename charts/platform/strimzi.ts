import type { App } from 'cdk8s';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

const resources = room('100m', '384Mi', '384Mi');

/** The operator of Kafka, for the namespaces of its brokers. */
export const strimzi = (app: App, namespaces: readonly string[]) =>
  new ChartRelease(part(app, 'strimzi'), 'strimzi-kafka-operator', {
    ...charts['strimzi-kafka-operator'],
    values: {
      watchNamespaces: [...namespaces],
      // Its policies would let everyone in; brokers bring their own.
      generateNetworkPolicy: false,
      // Its pods pass in namespaces of that level.
      extraEnvs: [{ name: 'STRIMZI_POD_SECURITY_PROVIDER_CLASS', value: 'restricted' }],
      podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      resources,
    },
    runs: [pods('strimzi-cluster-operator', 1, resources, ['quay.io/strimzi/operator'])],
    provides: { kinds: ['kafka.strimzi.io/*', 'core.strimzi.io/*'] },
  });
