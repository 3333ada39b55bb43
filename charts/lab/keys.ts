import { type App, Chart } from 'cdk8s';
import type { BackupProps } from '../../constructs/backup.ts';
import { HaStatefulStore } from '../../constructs/ha-stateful-store.ts';
import type { Image } from '../../constructs/images.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { vault } from '../../constructs/stores/vault.ts';
import { images } from '../versions.ts';
import { client } from './client.ts';

/** Vault and the service that signs with its keys: a chart of its own, for what waits for Vault waits for a person. */
export function keys(app: App, image: Image, backup: (store: string, rpoMinutes: number) => Omit<BackupProps, 'dump'>) {
  const chart = new Chart(app, 'keys', { namespace: 'keys', disableResourceNameHashes: true });
  new Namespace(chart, 'namespace');

  const store = new HaStatefulStore(chart, 'vault', {
    engine: vault({ policies: { 'keys/signer': { 'secret/data/signing/*': ['create', 'read'] } }, images }),
    members: 3,
    storage: '2Gi',
    size: 'medium',
    backup: backup('vault', 24 * 60),
  });
  client(chart, 'signer', { image, uses: [store.client('keys/signer').reads('secret/data/signing/current')] });
}
