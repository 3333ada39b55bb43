import type { Runs } from '../../../imports/relations.ts';
import { type Resources, resourcesOf } from '../../sizes.ts';

/** Of the operators of topics and users, which are one pod, and of the exporter of consumers' lag. */
const OPERATOR = { cpu: '100m', memory: '256Mi', memoryLimit: '512Mi' } as const satisfies Resources;
const OPERATORS = { cpu: '200m', memory: '512Mi' } as const;
const EXPORTER = { cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' } as const satisfies Resources;

export const operatorResources = resourcesOf(OPERATOR);
export const exporterResources = resourcesOf(EXPORTER);

/** What Strimzi runs beside the brokers, as it takes room on nodes. */
export const podsBeside = (namespace: string, name: string): Runs[] => [
  { namespace, name: `${name}-entity-operator`, pods: 1, ...OPERATORS, images: ['quay.io/strimzi/operator'] },
  {
    namespace,
    name: `${name}-kafka-exporter`,
    pods: 1,
    cpu: EXPORTER.cpu,
    memory: EXPORTER.memory,
    images: ['quay.io/strimzi/kafka'],
  },
];
