import type { Chart } from 'cdk8s';
import { Credential } from '../../constructs/credential.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import { SharedFolder } from '../../constructs/shared-folder.ts';
import { mongodb } from '../../constructs/stores/mongodb.ts';
import { images } from '../versions.ts';
import type { StageFacts } from './facts.ts';

/**
 * The two MongoDB stores of a stage: sessions of the BFF, and the backend's registry with a database per tenant, made at
 * run time. Three members each, on the disks of three nodes: on the NAS they would share the one disk that all of them
 * are there to survive. What leaves the nodes is the nightly dump.
 */
export function storesOf(chart: Chart, { stores, backups, imports = {} }: StageFacts) {
  const folder = new SharedFolder(chart, 'backups', { storageClass: 'nfs-backups', storage: backups.storage });
  const backup = (name: string, schedule: string) => ({
    rpoMinutes: 24 * 60,
    schedule,
    keep: backups.keep,
    targets: [folder.folder(name)],
    uploader: images.rclone,
  });
  const sessions = new HaStatefulStore(chart, 'mongodb-sessions', {
    engine: mongodb({ databases: ['vinylvault_bff'], images }),
    members: 3,
    ...stores.bff,
    backup: backup('mongodb-sessions', '0 2 * * *'),
  });
  const registry = new HaStatefulStore(chart, 'mongodb-registry', {
    engine: mongodb({
      databases: ['vinylvault_registry', 'vinylvault_tenants'],
      // One database per tenant, which MongoDB lets a user make in all databases or in none.
      tenants: ['vinylvault_tenants'],
      images,
    }),
    members: 3,
    ...stores.backend,
    backup: backup('mongodb-registry', '30 2 * * *'),
  });
  const imported = (store: typeof sessions, app?: string) => {
    if (!app) return [];
    const old = new Credential(chart, `${app}-old`, { keys: { uri: 'given' } });
    return [store.importedFrom({ uri: old.key('uri'), pods: { namespace: chart.namespace!, labels: { app } } })];
  };
  return {
    sessions,
    registry,
    /** What the services wait for, until there is nothing left to import. */
    imports: { bff: imported(sessions, imports.bff), backend: imported(registry, imports.backend) },
  };
}
