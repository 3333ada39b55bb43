import { type Json, map, maps, text } from './json.ts';
import type { Links } from './links.ts';
import type { Workload } from './workloads.ts';

/** What a pod template refers to. */
export function podLinks(links: Links, { podPath, pod, containers, volumes, serviceAccount }: Workload) {
  // A StatefulSet's claim takes the place of the volume that has its name.
  const claimed = new Set(maps(map(links.object.spec).volumeClaimTemplates).map(({ metadata }) => map(metadata).name));
  // Every namespace has it.
  if (serviceAccount !== 'default') links.to('ServiceAccount', serviceAccount, `${podPath}.serviceAccountName`);
  maps(pod.imagePullSecrets).forEach(({ name }, i) => {
    links.to('Secret', name, `${podPath}.imagePullSecrets[${i}].name`);
  });
  links.to('PriorityClass', pod.priorityClassName, `${podPath}.priorityClassName`, {
    group: 'scheduling.k8s.io',
    namespace: undefined,
  });
  links.to('RuntimeClass', pod.runtimeClassName, `${podPath}.runtimeClassName`, {
    group: 'node.k8s.io',
    namespace: undefined,
  });

  const sources = new Map<string, Source>();
  volumes.forEach((volume, i) => {
    if (claimed.has(volume.name)) return;
    volumeLinks(links, volume, `${podPath}.volumes[${i}]`);
    const source = sourceOf(volume);
    if (source) sources.set(text(volume.name) ?? '', source);
  });

  for (const { path, env, envFrom, volumeMounts } of containers) {
    env.forEach(({ valueFrom }, i) => {
      if (!valueFrom) return;
      const { secretKeyRef, configMapKeyRef } = map(valueFrom);
      if (secretKeyRef) links.toKey('Secret', secretKeyRef, `${path}.env[${i}].valueFrom.secretKeyRef`);
      if (configMapKeyRef) links.toKey('ConfigMap', configMapKeyRef, `${path}.env[${i}].valueFrom.configMapKeyRef`);
    });
    envFrom.forEach(({ secretRef, configMapRef }, i) => {
      if (secretRef) links.toKey('Secret', secretRef, `${path}.envFrom[${i}].secretRef`);
      if (configMapRef) links.toKey('ConfigMap', configMapRef, `${path}.envFrom[${i}].configMapRef`);
    });
    volumeMounts.forEach(({ name, subPath }, i) => {
      // A file mounted by subPath that is no key becomes an empty folder, and the program fails on it.
      const source = sources.get(text(name) ?? '');
      const key = text(subPath);
      if (source && key && !source.items) {
        links.to(source.kind, source.name, `${path}.volumeMounts[${i}].subPath`, { key, optional: source.optional });
      }
    });
  }
}

interface Source {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: unknown;
  readonly optional: boolean;
  readonly items: boolean;
}

function sourceOf({ secret, configMap }: Json): Source | undefined {
  const { name, secretName, optional, items } = map(secret ?? configMap);
  if (!secret && !configMap) return undefined;
  return {
    kind: secret ? 'Secret' : 'ConfigMap',
    name: secret ? secretName : name,
    optional: optional === true,
    items: maps(items).length > 0,
  };
}

function volumeLinks(links: Links, volume: Json, path: string) {
  const { secret, configMap, projected, persistentVolumeClaim, csi, ephemeral } = volume;
  if (secret) fileLinks(links, 'Secret', { ...map(secret), name: map(secret).secretName }, `${path}.secret`);
  if (configMap) fileLinks(links, 'ConfigMap', map(configMap), `${path}.configMap`);
  maps(map(projected).sources).forEach((source, i) => {
    if (source.secret) fileLinks(links, 'Secret', map(source.secret), `${path}.projected.sources[${i}].secret`);
    if (source.configMap)
      fileLinks(links, 'ConfigMap', map(source.configMap), `${path}.projected.sources[${i}].configMap`);
  });
  links.to('PersistentVolumeClaim', map(persistentVolumeClaim).claimName, `${path}.persistentVolumeClaim.claimName`);
  if (csi) {
    const { nodePublishSecretRef, volumeAttributes } = map(csi);
    links.to('Secret', map(nodePublishSecretRef).name, `${path}.csi.nodePublishSecretRef.name`);
    links.to(
      'SecretProviderClass',
      map(volumeAttributes).secretProviderClass,
      `${path}.csi.volumeAttributes.secretProviderClass`,
      {
        group: 'secrets-store.csi.x-k8s.io',
      },
    );
  }
  if (ephemeral)
    claimLinks(links, map(map(map(ephemeral).volumeClaimTemplate).spec), `${path}.ephemeral.volumeClaimTemplate.spec`);
}

function fileLinks(links: Links, kind: 'Secret' | 'ConfigMap', source: Json, path: string) {
  const optional = source.optional === true;
  const items = maps(source.items);
  if (!items.length) links.to(kind, source.name, path, { optional });
  items.forEach(({ key }, i) => {
    links.to(kind, source.name, `${path}.items[${i}].key`, { key: text(key), optional });
  });
}

/** The spec of a PersistentVolumeClaim, wherever it stands. */
export function claimLinks(links: Links, spec: Json, path: string) {
  links.to('StorageClass', spec.storageClassName, `${path}.storageClassName`, {
    group: 'storage.k8s.io',
    namespace: undefined,
  });
  links.to('PersistentVolume', spec.volumeName, `${path}.volumeName`, { namespace: undefined });
}
