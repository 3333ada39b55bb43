import { Yaml } from 'cdk8s';
import type { Credential } from '../../credential.ts';
import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import type { Design } from '../engine.ts';
import type { Parameters } from './parameters.ts';

/** Patroni labels the leader's pod with it, and the client Service selects by it. */
const ROLE = 'role';
const LEADER = 'master';
const REPLICA = 'replica';

/** Pods of one cluster carry its scope. */
const SCOPE_LABEL = 'patroni-scope';

/** Begins the names of the ConfigMaps that Patroni elects in; a Service of that name would be taken for its own. */
const scopeOf = (name: string) => `${name}-patroni`;

/** Where Patroni answers probes, other members, and changes of its settings. */
export const REST_PORT = 8008;

export interface PatroniProps {
  readonly version: string;
  readonly admin: Credential;
  readonly parameters: Parameters;
  readonly tlsOnly: boolean;
  readonly image: Image;
}

type Server = Pick<
  Design<object>,
  'image' | 'run' | 'env' | 'ports' | 'probes' | 'data' | 'labels' | 'api' | 'peers' | 'services'
>;

/**
 * What the members agree on. Patroni reads it once, at the first start; later changes are the bootstrap Job's. The
 * settings that all members must share are here and nowhere else.
 *
 * `synchronous_mode_strict`: with no second member, writes wait; else they would be acknowledged on one disk only, and
 * gone with it. `failsafe_mode`: while the API server is away, a leader that reaches every member goes on.
 * @see https://patroni.readthedocs.io/en/latest/dynamic_configuration.html
 */
export const patroniSettings = ({ max_connections }: Parameters) => ({
  ttl: 30,
  loop_wait: 10,
  retry_timeout: 10,
  synchronous_mode: true,
  synchronous_mode_strict: true,
  failsafe_mode: true,
  postgresql: { use_pg_rewind: true, use_slots: true, parameters: { max_connections } },
});

/** A member under Patroni, elected in ConfigMaps. @see https://github.com/zalando/spilo/blob/master/ENVIRONMENT.rst */
export function patroni(store: HaStatefulStore, { version, admin, parameters, tlsOnly, image }: PatroniProps): Server {
  return {
    image,
    // The image's postgres; its start script writes /etc/passwd and what is under /run. Time for a last checkpoint.
    run: { user: 101, group: 103, writableRoot: true, inMemory: ['/dev/shm'], stopSeconds: 300 },
    env: {
      SCOPE: scopeOf(store.name),
      PGVERSION: version,
      PGROOT: '/home/postgres/pgdata/pgroot',
      POD_IP: { field: 'status.podIP' },
      POD_NAMESPACE: { field: 'metadata.namespace' },
      // Else it asks the cloud's metadata service, which pods may not reach.
      SPILO_PROVIDER: 'local',
      DCS_ENABLE_KUBERNETES_API: true,
      KUBERNETES_USE_CONFIGMAPS: true,
      KUBERNETES_BYPASS_API_SERVICE: false,
      KUBERNETES_LABELS: JSON.stringify(store.pods.labels),
      KUBERNETES_SCOPE_LABEL: SCOPE_LABEL,
      KUBERNETES_ROLE_LABEL: ROLE,
      KUBERNETES_LEADER_LABEL_VALUE: LEADER,
      KUBERNETES_STANDBY_LEADER_LABEL_VALUE: LEADER,
      PGUSER_SUPERUSER: 'postgres',
      PGPASSWORD_SUPERUSER: admin.key('superuser'),
      PGUSER_STANDBY: 'standby',
      PGPASSWORD_STANDBY: admin.key('standby'),
      SPILO_CONFIGURATION: Yaml.stringify(configuration(parameters, tlsOnly)),
    },
    ports: { postgresql: 5432, patroni: REST_PORT },
    peers: ['postgresql', 'patroni'],
    services: [
      { ports: ['postgresql'], selector: { [ROLE]: LEADER } },
      { suffix: 'replicas', ports: ['postgresql'], selector: { [ROLE]: REPLICA } },
    ],
    // Nobody takes the label from a leader that is gone: that its pod is no longer ready keeps clients away from it.
    probes: {
      startupProbe: { httpGet: { path: '/liveness', port: 'patroni' }, periodSeconds: 5, failureThreshold: 120 },
      livenessProbe: { httpGet: { path: '/liveness', port: 'patroni' }, periodSeconds: 10, timeoutSeconds: 5 },
      readinessProbe: {
        httpGet: { path: '/readiness', port: 'patroni' },
        periodSeconds: 5,
        timeoutSeconds: 3,
        failureThreshold: 2,
      },
    },
    data: { name: 'pgdata', path: '/home/postgres/pgdata' },
    labels: { [SCOPE_LABEL]: scopeOf(store.name) },
    api: [
      // `get` only after a write that came second.
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'get', 'list', 'patch', 'watch'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'patch', 'watch'] },
    ],
  };
}

/** Laid over Spilo's own configuration; a list replaces its list. */
function configuration(parameters: Parameters, tlsOnly: boolean) {
  const { max_connections, ...own } = parameters;
  const remote = tlsOnly ? 'hostssl' : 'host';
  return {
    bootstrap: { dcs: patroniSettings(parameters) },
    postgresql: {
      // A former leader that cannot be rewound is copied from the new one; what it had more was never acknowledged.
      remove_data_directory_on_rewind_failure: true,
      // A copy begins with a checkpoint, which would else be spread over minutes.
      create_replica_methods: ['basebackup'],
      basebackup: { checkpoint: 'fast' },
      // A synchronous standby that is lost without a word holds up every write until it is given up. PostgreSQL's own is a
      // minute, longer than another leader would take.
      parameters: { ...own, wal_sender_timeout: '20s' },
      pg_hba: [
        'local all all trust',
        'local replication standby trust',
        'host all all 127.0.0.1/32 scram-sha-256',
        'hostssl replication standby all scram-sha-256',
        `${remote} all all all scram-sha-256`,
      ],
    },
  };
}
