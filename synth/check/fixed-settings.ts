import { idOf, type KubeObject } from '../manifest.ts';
import { at, strings, text } from '../resolve/json.ts';
import { workloadOf } from '../resolve/workloads.ts';
import type { Rule } from './rule.ts';

/** Why a store that runs must be told the same for good, and the way to another value. */
interface Setting {
  readonly why: string;
  readonly instead: string;
}

const members = (why: string): Setting => ({
  why,
  instead:
    'restore the number and the names of its members; for another number make a new store beside it, copy what the old one holds, and move its clients',
});
const version: Setting = {
  why: 'the server would begin an empty folder beside the one that holds the data, or not start on it',
  instead:
    'restore the version; to go up make a store of the new version beside it, restore a backup of the old one into it, and move its clients',
};

/** By variable. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  // https://kafka.apache.org/documentation/#kraft_config
  KAFKA_CONTROLLER_QUORUM_VOTERS: members('a controller that knows another list of voters may elect a second leader'),
  // https://github.com/minio/minio/blob/master/docs/distributed/README.md
  MINIO_VOLUMES: members('the drives of a pool know each other, and start with no other number of them'),
  // https://github.com/docker-library/docs/blob/master/postgres/README.md#pgdata
  PGDATA: version,
  // https://github.com/zalando/spilo/blob/master/ENVIRONMENT.rst
  PGVERSION: version,
};

const example = (voters: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: kafka, namespace: shop}
data: {KAFKA_CONTROLLER_QUORUM_VOTERS: "${voters}"}
`;

const fixedSetting: Rule = {
  name: 'fixed-setting',
  doc: 'A committed store is told something else that it has to be told alike for good: its members, or where its data is.',
  severity: 'error',
  *check({ index, committed }) {
    for (const manifest of index.manifests) {
      const before = committed(idOf(manifest.object));
      if (!before || before === manifest.object) continue;
      const now = settingsOf(manifest.object);
      for (const [variable, { field, value }] of settingsOf(before)) {
        const next = now.get(variable);
        if (!next || next.value === value) continue;
        yield {
          manifest,
          field,
          message: `${variable}: ${value} is committed and cannot become ${next.value}: ${SETTINGS[variable]!.why}`,
          fix: SETTINGS[variable]!.instead,
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
function settingsOf(object: KubeObject): Map<string, { field: string; value: string }> {
  const found = new Map<string, { field: string; value: string }>();
  const keep = (variable: string, field: string, value: string | undefined) => {
    if (value !== undefined && Object.hasOwn(SETTINGS, variable)) found.set(variable, { field, value });
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

export const fixedSettingRules: readonly Rule[] = [fixedSetting];
