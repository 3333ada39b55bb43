import { type App, Chart } from 'cdk8s';
import { Priority } from '../../constructs/priority.ts';

export type Priorities = ReturnType<typeof priorities>;

/** Who stays when a node is gone and the others are full: data first, then what answers and decides, then the rest. */
export function priorities(app: App) {
  const chart = new Chart(app, 'priorities', { disableResourceNameHashes: true });
  return {
    data: new Priority(chart, 'notifi-data', { value: 1_000_000, description: 'Stores and brokers' }),
    core: new Priority(chart, 'notifi-core', { value: 100_000, description: 'Gateways and the core engine' }),
    usual: new Priority(chart, 'notifi-usual', { value: 10_000, description: 'Every other service of Notifi' }),
  };
}
