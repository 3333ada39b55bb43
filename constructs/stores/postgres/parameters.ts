import { refuse } from '../../../imports/relations.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';

/** Settings of the server, in PostgreSQL's words. */
export interface Parameters {
  readonly max_connections: number;
  readonly shared_buffers: string;
  readonly effective_cache_size: string;
  readonly maintenance_work_mem: string;
  readonly work_mem: string;
  readonly max_wal_size: string;
  readonly max_slot_wal_keep_size: string;
  readonly password_encryption: string;
}

/** Taken by replication, the exporter, Patroni, backups and a person who looks. */
export const RESERVED = 13;

/**
 * From the memory limit: a quarter is shared, a quarter may be sorted in by all connections together, half is left for
 * their processes and the page cache. A member that is away may hold back WAL up to a fifth of the disk, then it is
 * copied anew instead of filling it.
 * @see https://www.postgresql.org/docs/current/runtime-config-resource.html
 */
export function parametersOf(store: HaStatefulStore, connections?: number): Parameters {
  const { memory, disk } = store;
  const max_connections = connections ?? clamp(Math.floor(memory / 2 ** 20 / 10), 25, 500);
  if (!Number.isInteger(max_connections) || max_connections < RESERVED + 5) {
    refuse(store, [
      `connections: ${max_connections} leaves none to clients, ${RESERVED} are for upkeep; give ${RESERVED + 5} or more`,
    ]);
  }
  return {
    max_connections,
    shared_buffers: megabytes(memory / 4),
    effective_cache_size: megabytes(memory / 2),
    maintenance_work_mem: megabytes(clamp(memory / 16, 16 * 2 ** 20, 2 ** 30)),
    work_mem: megabytes(memory / 4 / max_connections),
    max_wal_size: megabytes(clamp(disk / 10, 128 * 2 ** 20, 2 ** 30)),
    max_slot_wal_keep_size: megabytes(disk / 5),
    password_encryption: 'scram-sha-256',
  };
}

const clamp = (value: number, min: number, max: number) => Math.min(Math.max(value, min), max);

const megabytes = (bytes: number) => `${Math.max(1, Math.floor(bytes / 2 ** 20))}MB`;
