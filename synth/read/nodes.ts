import { loadAll } from 'js-yaml';
import type { Node } from '../../imports/environment.ts';
import { quantity } from '../../imports/quantity.ts';
import { at, map, maps, strings, text } from '../resolve/json.ts';

/**
 * Nodes for `check --nodes`: Node objects as `kubectl get nodes -o yaml` prints them (their allocatable resources), or
 * a plain list of `{ name, arch, cpu, memory, labels, taints }`. Refused: anything else, and a node without resources.
 */
export function readNodes(content: string, file: string): Node[] {
  const documents = documentsOf(content, file);
  const entries = documents.flatMap((document) =>
    Array.isArray(document) ? document : (at(document, 'items') ?? document),
  );
  const nodes = maps(entries.flat()).map(nodeOf);
  // An amount that cannot be read would count as no limit.
  const wrong = nodes.findIndex((node) => !node.name || !quantity(node.cpu) || !quantity(node.memory));
  if (nodes.length && wrong < 0) return nodes;
  throw new Error(
    `${file}: ${nodes.length ? `node ${wrong + 1} has no name, cpu or memory` : 'holds no nodes'}; ${FORM}`,
  );
}

const FORM = 'give it the output of kubectl get nodes -o yaml, or a list of { name, arch, cpu, memory }';

function documentsOf(content: string, file: string): unknown[] {
  try {
    return loadAll(content);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(`${file}: is no YAML, ${reason}; ${FORM}`);
  }
}

function nodeOf(entry: Readonly<Record<string, unknown>>): Node {
  const isObject = entry['kind'] === 'Node';
  const resources = isObject ? map(at(entry, 'status', 'allocatable') ?? at(entry, 'status', 'capacity')) : entry;
  const labels = strings(isObject ? at(entry, 'metadata', 'labels') : entry['labels']);
  return {
    name: text(isObject ? at(entry, 'metadata', 'name') : entry['name']) ?? '',
    arch: (text(entry['arch']) ?? labels['kubernetes.io/arch'] ?? 'amd64') as Node['arch'],
    cpu: amount(resources['cpu']),
    memory: amount(resources['memory']),
    disk: amount(resources['disk'] ?? resources['ephemeral-storage']),
    labels,
    taints: maps(isObject ? at(entry, 'spec', 'taints') : entry['taints']) as unknown as Node['taints'],
  };
}

const amount = (value: unknown) => (typeof value === 'number' ? `${value}` : (text(value) ?? ''));
