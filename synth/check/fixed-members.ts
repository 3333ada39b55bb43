import { idOf, type KubeObject } from '../manifest.ts';
import { at, strings, text } from '../resolve/json.ts';
import { workloadOf } from '../resolve/workloads.ts';
import type { Rule } from './rule.ts';

/** Variables that tell a store its members, and why it has to be told the same for good. */
const LISTS: Readonly<Record<string, string>> = {
  // https://kafka.apache.org/documentation/#kraft_config
  KAFKA_CONTROLLER_QUORUM_VOTERS: 'a controller that knows another list of voters may elect a second leader',
  // https://github.com/minio/minio/blob/master/docs/distributed/README.md
  MINIO_VOLUMES: 'the drives of a pool know each other, and start with no other number of them',
};

const example = (voters: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: kafka, namespace: shop}
data: {KAFKA_CONTROLLER_QUORUM_VOTERS: "${voters}"}
`;

const fixedMembers: Rule = {
  name: 'fixed-members',
  doc: 'The members of a committed store change that knows them by a fixed list: old and new ones would not agree, or not start.',
  severity: 'error',
  *check({ index, committed }) {
    for (const manifest of index.manifests) {
      const before = committed(idOf(manifest.object));
      if (!before || before === manifest.object) continue;
      const now = listsOf(manifest.object);
      const { name, namespace } = manifest.object.metadata;
      for (const [variable, { field, value }] of listsOf(before)) {
        const next = now.get(variable);
        if (!next || next.value === value) continue;
        yield {
          manifest,
          field,
          message: `${variable}: ${value} is committed and cannot become ${next.value}: ${LISTS[variable]}`,
          fix: `restore the number of members and the names of ${namespace}/${name}; for another number make a new store beside it, copy what the old one holds, and move its clients`,
        };
      }
    }
  },
  breaks: `${example('0@kafka-0:9093')}---
# committed${example('0@kafka-0:9093,1@kafka-1:9093,2@kafka-2:9093')}`,
  passes: `${example('0@kafka-0:9093')}---
# committed${example('0@kafka-0:9093')}`,
};

/** By variable: of a ConfigMap, or of a workload's own containers. */
function listsOf(object: KubeObject): Map<string, { field: string; value: string }> {
  const found = new Map<string, { field: string; value: string }>();
  const keep = (variable: string, field: string, value: string | undefined) => {
    if (value !== undefined && Object.hasOwn(LISTS, variable)) found.set(variable, { field, value });
  };
  if (object.kind === 'ConfigMap') {
    for (const [key, value] of Object.entries(strings(at(object, 'data')))) keep(key, `data.${key}`, value);
  }
  const workload = workloadOf({ object, path: '', chart: '', unit: '' });
  for (const { env, path } of workload?.containers ?? []) {
    for (const [index, { name, value }] of env.entries()) keep(text(name) ?? '', `${path}.env[${index}]`, text(value));
  }
  return found;
}

export const fixedMembersRules: readonly Rule[] = [fixedMembers];
