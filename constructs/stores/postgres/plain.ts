import type { Credential } from '../../credential.ts';
import type { Image } from '../../images.ts';
import type { Design } from '../engine.ts';
import type { Parameters } from './parameters.ts';

export interface PlainProps {
  readonly version: string;
  readonly admin: Credential;
  readonly parameters: Parameters;
  readonly image: Image;
}

type Server = Pick<Design<object>, 'image' | 'run' | 'env' | 'ports' | 'probes' | 'data' | 'peers' | 'services'>;

/** A server of its own, in the official image. @see https://github.com/docker-library/docs/blob/master/postgres/README.md */
export function plain({ version, admin, parameters, image }: PlainProps): Server {
  const settings = Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    image,
    run: {
      user: 999,
      args: ['postgres', ...settings],
      writable: ['/var/run/postgresql'],
      inMemory: ['/dev/shm'],
      stopSeconds: 120,
    },
    env: {
      POSTGRES_PASSWORD: admin.key('superuser'),
      POSTGRES_INITDB_ARGS: '--data-checksums --auth-host=scram-sha-256',
      // Where the image has it from version 18 on. Below the volume, not on it: file systems keep lost+found at the top.
      PGDATA: `/var/lib/postgresql/${version}/docker`,
    },
    ports: { postgresql: 5432 },
    peers: [],
    services: [{ ports: ['postgresql'] }],
    probes: {
      // Recovery after a crash may take minutes, and a restart would begin it again.
      startupProbe: { ...probe, periodSeconds: 5, failureThreshold: 360 },
      livenessProbe: { tcpSocket: { port: 'postgresql' }, periodSeconds: 10, timeoutSeconds: 5 },
      readinessProbe: { ...probe, periodSeconds: 5, timeoutSeconds: 3 },
    },
    data: { path: '/var/lib/postgresql' },
  };
}

/** By address: while it makes its folder, a server answers at the socket alone. */
const probe = { exec: { command: ['pg_isready', '--host=127.0.0.1', '--username=postgres'] } };
