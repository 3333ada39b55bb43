import { Construct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { KubePersistentVolumeClaim } from '../imports/k8s.ts';
import { declare, refuse } from '../imports/relations.ts';
import type { Dependency } from './dependency.ts';
import { existingOf } from './existing.ts';
import { labelsOf, namespaceOf } from './labels.ts';
import { amountOf } from './sizes.ts';

export interface SharedFolderProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** A class of kind `shared`: a file server. */
  readonly storageClass: string;
  /** What it may take, `200Gi`; a file server does not enforce it, the namespace's quota counts it. */
  readonly storage: string;
}

/**
 * A folder of a file server that several pods of a namespace may write at once, and that outlives them: where backups go
 * when there is a NAS and no bucket. Renders the PersistentVolumeClaim, named after the construct's id. Refuses a class that
 * is not shared, and a size that is none.
 * @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
 */
export class SharedFolder extends Construct {
  readonly name: string;

  constructor(scope: Construct, constructId: string, { storageClass, storage, identity }: SharedFolderProps) {
    super(scope, constructId);
    const { name: id } = existingOf(this, identity);
    const { storageClasses } = environmentOf(this);
    this.name = id;
    declare(this, { layer: 'stores' });

    new KubePersistentVolumeClaim(this, 'claim', {
      metadata: { name: id, namespace: namespaceOf(this), labels: labelsOf(this, id) },
      spec: {
        accessModes: ['ReadWriteMany'],
        storageClassName: storageClass,
        resources: { requests: { storage } },
      },
    });

    const shared = Object.entries(storageClasses).flatMap(([name, { kind }]) => (kind === 'shared' ? [name] : []));
    const why =
      storageClass in storageClasses
        ? 'is no file server, other nodes could not write there'
        : 'is no class of this environment';
    refuse(this, [
      ...(shared.includes(storageClass)
        ? []
        : [
            `storageClass: ${storageClass} ${why}; use ${shared.join(', ') || `one of kind shared, which storageClasses of the environment would have to list`}`,
          ]),
      ...(amountOf(storage) > 0 ? [] : [`storage: "${storage}" is not a size; write it like 200Gi`]),
    ]);
  }

  /** A folder below it, which rclone finds as `$TARGET`. */
  folder(path: string): Dependency {
    return { env: { TARGET: `${MOUNT}/${path}` }, volumes: { [MOUNT]: this.name }, construct: this };
  }
}

const MOUNT = '/shared';
