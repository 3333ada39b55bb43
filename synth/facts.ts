import type { Node, NodePool } from '../imports/environment.ts';
import { quantity } from '../imports/quantity.ts';
import type { Finding } from './manifest.ts';

const AMOUNTS = { cpu: '4 or 3500m', memory: '8Gi', disk: '256Gi' } as const;

/**
 * Refuses nodes that nobody could place pods on: an amount that cannot be read counts as no limit, so that everything would
 * fit, and of two nodes with one name a drain would take both.
 */
export function nodeFindings({
  name: environment,
  nodes,
}: {
  readonly name: string;
  readonly nodes: readonly (Node | NodePool)[];
}): Finding[] {
  const error = (message: string, fix: string): Finding => ({
    rule: 'node-facts',
    severity: 'error',
    object: `charts/environments/${environment}.ts`,
    message,
    fix,
  });
  const names = nodes.map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  return [
    ...[...twice].map((name) => error(`nodes: ${name} is there twice`, 'give each its own name')),
    ...nodes.flatMap((node) =>
      Object.entries(AMOUNTS).flatMap(([field, example]) => {
        const value = node[field as keyof typeof AMOUNTS];
        return (quantity(value) ?? 0) > 0
          ? []
          : [error(`nodes: ${field} of ${node.name} is "${value}", which is no amount`, `write it like ${example}`)];
      }),
    ),
  ];
}
