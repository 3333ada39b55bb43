import { type Manifest, typeOf } from '../manifest.ts';
import { at, type Json, map, maps, number, text, texts } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Rule } from './rule.ts';

type Kind = 'node' | 'network' | 'shared';

/** A claim that an object makes, or has made for each of its members. */
interface Claim {
  readonly field: string;
  readonly spec: Json;
  /** Of one volume, as a Kubernetes quantity. */
  readonly size: unknown;
  readonly members: number;
}

/** Provisioners by what becomes of their volumes: https://kubernetes-csi.github.io/docs/drivers.html */
const PROVISIONERS: readonly (readonly [Kind, RegExp])[] = [
  ['shared', /nfs|smb|cephfs|efs\.csi|azurefile|filestore|file\.csi\.azure/],
  ['node', /local-path|no-provisioner|host-?path|topolvm|lvm|zfs\.csi/],
];

/** The kind of a class, as the environment says or its provisioner tells; undefined where nothing is known of it. */
function kindOf(index: Index, name: string | undefined): Kind | undefined {
  const classes = index.world.cluster?.storageClasses ?? {};
  const chosen = name ?? Object.entries(classes).find(([, { default: isDefault }]) => isDefault)?.[0];
  if (chosen === undefined) return undefined;
  if (classes[chosen]) return classes[chosen].kind;
  const object = index.byKind('StorageClass', 'storage.k8s.io').find((each) => each.object.metadata.name === chosen);
  const provisioner = text(object?.object['provisioner']) ?? '';
  return PROVISIONERS.find(([, pattern]) => pattern.test(provisioner))?.[0];
}

/** What asks for volumes, by `group/Kind`: the object's claims and how many members have one each. */
const CLAIMS: Readonly<Record<string, (spec: Json) => readonly Claim[]>> = {
  '/PersistentVolumeClaim': (spec) => [{ field: 'spec', spec, size: sizeOf(spec), members: 1 }],
  'apps/StatefulSet': (spec) =>
    maps(spec.volumeClaimTemplates).map((claim, i) => ({
      field: `spec.volumeClaimTemplates[${i}].spec`,
      spec: map(claim.spec),
      size: sizeOf(map(claim.spec)),
      members: number(spec.replicas) ?? 1,
    })),
  'rabbitmq.com/RabbitmqCluster': (spec) => [
    {
      field: 'spec.persistence',
      spec: map(spec.persistence),
      size: at(spec, 'persistence', 'storage'),
      members: number(spec.replicas) ?? 1,
    },
  ],
  'kafka.strimzi.io/KafkaNodePool': (spec) => {
    const members = number(spec.replicas) ?? 1;
    const storage = map(spec.storage);
    const single = storage.type === 'persistent-claim' ? [storage] : [];
    return [
      ...single.map((volume) => ({ field: 'spec.storage', spec: classOf(volume), size: volume.size, members })),
      ...maps(storage.volumes).map((volume, i) => ({
        field: `spec.storage.volumes[${i}]`,
        spec: classOf(volume),
        size: volume.size,
        members,
      })),
    ];
  },
};

const sizeOf = (claim: Json) => at(claim, 'resources', 'requests', 'storage');

const classOf = ({ class: storageClassName }: Json) => ({ storageClassName });

function claimsOf({ object }: Manifest): readonly Claim[] {
  return CLAIMS[typeOf(object)]?.(map(object.spec)) ?? [];
}

/** Every claim for a volume, with the kind of its class. */
export function* claimed(index: Index) {
  for (const manifest of index.manifests) {
    for (const claim of claimsOf(manifest)) {
      const name = text(claim.spec.storageClassName);
      yield { manifest, ...claim, name, kind: kindOf(index, name) };
    }
  }
}

const storageClass = (name: string, provisioner: string, more = '') => `---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ${name}}
provisioner: ${provisioner}
${more}`;
const provided = 'kubernetes.io/no-provisioner';
const statefulSet = (name: string) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: mongodb, namespace: data}
spec: {replicas: 3, volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: ${name}, accessModes: [ReadWriteOnce]}}]}
`;
const claim = (name: string, mode: string) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: media, namespace: data}
spec: {storageClassName: ${name}, accessModes: [${mode}]}
`;

const sharedReplicas: Rule = {
  name: 'replicas-on-shared-storage',
  doc: 'Members of a replicated store all stand on one file server: it is lost with that, and nothing keeps two servers from writing one folder.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, field, name, kind, members } of claimed(index)) {
      if (kind !== 'shared' || members < 2) continue;
      yield {
        manifest,
        field: `${field}.storageClassName`,
        // What a stranger's members are to each other is not known here.
        severity: closed ? 'error' : 'info',
        message: `${field}: ${members} members are put on the file server of StorageClass ${name ?? 'by default'}; one loss takes all copies, and a member that was replaced while its node was cut off writes into the same folder as its successor`,
        fix: 'use a class whose volumes belong to one node, or follow one pod; keep file servers for what one writes',
      };
    }
  },
  breaks: statefulSet('nas') + storageClass('nas', 'nfs.csi.k8s.io'),
  passes: statefulSet('disk') + storageClass('disk', provided),
};

const accessMode: Rule = {
  name: 'access-mode',
  doc: 'A claim for many writers or readers on storage that only one node can mount: it stays pending, or only the first node gets it.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, field, spec, name, kind } of claimed(index)) {
      if (kind !== 'node' && kind !== 'network') continue;
      const mode = texts(spec.accessModes).find((each) => each === 'ReadWriteMany' || each === 'ReadOnlyMany');
      if (!mode) continue;
      yield {
        manifest,
        field: `${field}.accessModes`,
        severity: closed ? 'error' : 'warning',
        message: `${field}.accessModes: ${mode}, and volumes of StorageClass ${name ?? 'by default'} are mounted by one node at a time`,
        fix: 'ask for ReadWriteOnce, or use a class of a file server',
      };
    }
  },
  breaks: claim('disk', 'ReadWriteMany') + storageClass('disk', provided),
  passes: claim('nas', 'ReadWriteMany') + storageClass('nas', 'nfs.csi.k8s.io'),
};

const unknownProvisioner: Rule = {
  name: 'unknown-provisioner',
  doc: 'Nobody provides the provisioner of a StorageClass: its claims stay pending for ever. The name has to be the one the driver registers.',
  severity: 'error',
  *check({ index, closed }) {
    if (!closed) return;
    const own = Object.keys(index.world.cluster?.storageClasses ?? {});
    for (const manifest of index.byKind('StorageClass', 'storage.k8s.io')) {
      const provisioner = text(manifest.object['provisioner']);
      if (!provisioner || provisioner === provided) continue;
      if (index.find('CSIDriver', undefined, provisioner)) continue;
      const drivers = index.names('CSIDriver', undefined);
      yield {
        manifest,
        field: 'provisioner',
        message: `provisioner: no part brings ${provisioner}; there is ${drivers.join(', ') || 'no driver'}${own.length ? `, and the cluster has the classes ${own.join(', ')}` : ''}`,
        fix: "name the driver as its chart registers it, and declare it: provides: { objects: [{ kind: 'CSIDriver', name }] }",
      };
    }
  },
  breaks: storageClass('nas', 'nfs-subdir-external-provisioner'),
  passes: `${storageClass('nas', 'nfs.csi.k8s.io')}---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: nfs.csi.k8s.io}
spec: {}
`,
};

const softMount: Rule = {
  name: 'soft-mount',
  doc: 'A file server is mounted soft: when it is slow to answer, programs are told that a write failed which they do not try again.',
  severity: 'warning',
  *check({ index }) {
    for (const kind of ['StorageClass', 'PersistentVolume']) {
      for (const manifest of index.byKind(kind)) {
        const { object } = manifest;
        const [field, options] =
          kind === 'StorageClass'
            ? ['mountOptions', texts(object['mountOptions'])]
            : ['spec.mountOptions', texts(at(object, 'spec', 'mountOptions'))];
        const position = options.findIndex((option) => option.split(',').includes('soft'));
        if (position < 0) continue;
        yield {
          manifest,
          field: `${field}[${position}]`,
          message: `${field}[${position}]: soft, so a file server that restarts leaves files half written`,
          fix: 'mount it hard: programs then wait until it is back',
        };
      }
    }
  },
  breaks: storageClass('nas', provided, 'mountOptions: [soft, nfsvers=4.1]\n'),
  passes: storageClass('nas', provided, 'mountOptions: [hard, nfsvers=4.1]\n'),
};

export const storageRules: readonly Rule[] = [sharedReplicas, accessMode, unknownProvisioner, softMount];
