import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import type { OtlpReceiver } from '../../imports/environment.ts';
import { charts } from '../versions.ts';
import { tempoAlerts } from './alerts.ts';
import { GO_TIME, refuseKept } from './kept.ts';
import { bucketOf, type ObjectsFacts } from './objects.ts';
import { part } from './part.ts';
import { onDisk, pods, room } from './room.ts';

export interface TempoFacts {
  /** How long traces are kept: `72h`. */
  readonly retention: string;
  /** Its volume: everything that is kept, or with `objects` what is not yet uploaded. */
  readonly storage: string;
  /** Where traces are kept. @default - on the volume */
  readonly objects?: ObjectsFacts;
}

/** Where Grafana asks for traces. */
export const TEMPO = 'http://tempo.tempo.svc:3200';

const own = { namespace: 'tempo', labels: { 'app.kubernetes.io/name': 'tempo' } };

/** For `Environment.otlp` where services send traces to Tempo themselves; a collector before it would sample them. */
export const tempoOtlp: OtlpReceiver = { endpoint: 'http://tempo.tempo.svc:4317', to: own, port: 4317 };

/** Traces, in one program and one pod. */
export function tempo(app: App, crds: ChartRelease, { retention, storage, objects }: TempoFacts): ChartRelease {
  const chart = part(app, 'tempo');
  const resources = room('50m', '256Mi', '1Gi');
  const bucket = objects && bucketOf(chart, objects, own);
  refuseKept(chart, 'tempo', { retention, storage }, GO_TIME);

  new AlertRules(chart, 'alerts', { rules: tempoAlerts });
  return new ChartRelease(chart, 'tempo', {
    ...charts.tempo,
    values: {
      tempo: {
        reportingEnabled: false,
        retention,
        storage: {
          trace: {
            wal: { path: '/var/tempo/wal' },
            ...(bucket
              ? {
                  backend: 's3',
                  // Keys come as variables.
                  s3: {
                    bucket: bucket.name,
                    endpoint: bucket.host,
                    region: bucket.region,
                    insecure: bucket.insecure,
                    forcepathstyle: bucket.pathStyle,
                  },
                }
              : { backend: 'local', local: { path: '/var/tempo/traces' } }),
          },
        },
        // The ballast would count against the memory that the runtime may use.
        memBallastSizeMbs: 0,
        extraEnv: [{ name: 'GOMEMLIMIT', value: '820MiB' }],
        extraEnvFrom: bucket ? [{ secretRef: { name: bucket.credential.name } }] : [],
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
        resources,
      },
      securityContext: {
        runAsUser: 10001,
        runAsGroup: 10001,
        fsGroup: 10001,
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      serviceAccount: { automountServiceAccountToken: false },
      persistence: { enabled: true, size: storage },
      serviceMonitor: { enabled: true },
    },
    uses: bucket ? [crds, bucket.construct] : [crds],
    runs: [pods('tempo', 1, resources, ['docker.io/grafana/tempo'], onDisk(chart, storage))],
    provides: { objects: [{ kind: 'Service', namespace: 'tempo', name: 'tempo', ports: [3200, 4317, 4318] }] },
  });
}
