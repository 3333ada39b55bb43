import { map, maps, text } from '../resolve/json.ts';
import type { Workload } from '../resolve/workloads.ts';
import { didYouMean } from './nearest.ts';
import type { Rule } from './rule.ts';

const statefulSet = (mounts: string, volumes: string) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres, namespace: notifi}
spec:
  volumeClaimTemplates: [{metadata: {name: data}}]
  template:
    spec:
      containers: [{name: postgres, volumeMounts: [{name: data, mountPath: /data}${mounts}]}]
      volumes: [${volumes}]
`;

/** Volumes of the pod, and what a StatefulSet's claim templates add to them. */
const templatesOf = ({ manifest: { object } }: Workload) =>
  object.kind === 'StatefulSet'
    ? maps(map(object.spec).volumeClaimTemplates).flatMap((claim) => text(map(claim.metadata).name) ?? [])
    : [];

const unknownVolume: Rule = {
  name: 'unknown-volume',
  doc: 'A container mounts a volume that the pod does not have: the API server refuses it.',
  severity: 'error',
  *check({ index }) {
    for (const workload of index.workloads) {
      const { manifest, containers, volumes, podPath } = workload;
      let names: Set<string> | undefined;
      for (const { path, volumeMounts, spec } of containers) {
        for (const [list, mounts] of [
          ['volumeMounts', volumeMounts],
          ['volumeDevices', maps(spec.volumeDevices)],
        ] as const) {
          for (const [i, mount] of mounts.entries()) {
            names ??= new Set([...volumes.flatMap(({ name }) => text(name) ?? []), ...templatesOf(workload)]);
            const name = text(mount.name);
            if (name === undefined || names.has(name)) continue;
            const field = `${path}.${list}[${i}].name`;
            yield {
              manifest,
              field,
              message: `${field}: the pod has no volume "${name}"${didYouMean(name, names)}; it has ${[...names].join(', ') || 'none'}`,
              fix: `add it to ${podPath}.volumes, or mount one that is there`,
            };
          }
        }
      }
    }
  },
  breaks: statefulSet(', {name: conf, mountPath: /conf}', '{name: config, emptyDir: {}}'),
  passes: statefulSet(', {name: config, mountPath: /conf}', '{name: config, emptyDir: {}}'),
};

const unusedVolume: Rule = {
  name: 'unused-volume',
  doc: 'A volume that no container mounts: most likely the mount was forgotten.',
  severity: 'warning',
  *check({ index, closed }) {
    for (const workload of index.workloads) {
      const { manifest, containers, volumes, podPath } = workload;
      const used = new Set(
        containers.flatMap(({ volumeMounts, spec }) =>
          [...volumeMounts, ...maps(spec.volumeDevices)].map(({ name }) => name),
        ),
      );
      const named = [
        ...volumes.map(({ name }, i) => ({ name, field: `${podPath}.volumes[${i}]` })),
        ...templatesOf(workload).map((name, i) => ({ name, field: `spec.volumeClaimTemplates[${i}]` })),
      ];
      for (const { name, field } of named) {
        if (used.has(name)) continue;
        const message = `${field}: no container mounts volume "${name}"`;
        yield { manifest, field, severity: closed ? 'warning' : 'info', message, fix: 'mount it, or remove it' };
      }
    }
  },
  breaks: statefulSet('', '{name: config, emptyDir: {}}'),
  passes: statefulSet(', {name: config, mountPath: /conf}', '{name: config, emptyDir: {}}'),
};

export const volumeRules: readonly Rule[] = [unknownVolume, unusedVolume];
