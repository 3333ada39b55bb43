import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { charts } from '../versions.ts';
import { alloyAlerts } from './alerts.ts';
import { LOKI } from './loki.ts';
import { part } from './part.ts';
import { pods, room } from './room.ts';

/** A target's label, and what of a pod it is made of. */
const labels = {
  namespace: '__meta_kubernetes_namespace',
  pod: '__meta_kubernetes_pod_name',
  container: '__meta_kubernetes_pod_container_name',
  app: '__meta_kubernetes_pod_label_app_kubernetes_io_name',
  node: '__meta_kubernetes_pod_node_name',
};

const rule = ([target, source]: [string, string]) =>
  `  rule {\n    source_labels = ["${source}"]\n    target_label  = "${target}"\n  }\n`;

/** In Alloy's own language. @see https://grafana.com/docs/alloy/latest/get-started/configuration-syntax/ */
const pipeline = `discovery.kubernetes "pods" {
  role = "pod"
}

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets

  // Has printed nothing yet, and the API server would answer with an error.
  rule {
    source_labels = ["__meta_kubernetes_pod_phase"]
    regex         = "Pending|Unknown"
    action        = "drop"
  }
${Object.entries(labels).map(rule).join('')}}

loki.source.kubernetes "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.process.pods.receiver]
}

loki.process "pods" {
  // Its source tells pods apart by the label instance already; these may be asked for all the same.
  stage.structured_metadata {
    values = { pod = "", node = "" }
  }
  stage.label_drop {
    values = ["pod", "node"]
  }
  forward_to = [loki.write.loki.receiver]
}

loki.write "loki" {
  endpoint {
    url = "${LOKI}/loki/api/v1/push"
  }
}
`;

/** Where its own state is: how far it has read each container. */
const STATE = '/var/lib/alloy';

/**
 * Ships what every container prints to Loki. It reads through the API server as `kubectl logs` does, not from the
 * machines' folders, so that it needs no rights there and its namespace stays `restricted`. A new pod of it reads again
 * what kubelets still keep; Loki drops lines that it has.
 * @see https://grafana.com/docs/alloy/latest/reference/components/loki/loki.source.kubernetes/
 */
export function alloy(app: App, crds: ChartRelease, loki: ChartRelease) {
  const chart = part(app, 'alloy');
  const resources = room('50m', '128Mi', '512Mi');
  new AlertRules(chart, 'alerts', { rules: alloyAlerts });
  return new ChartRelease(chart, 'alloy', {
    ...charts.alloy,
    values: {
      crds: { create: false },
      global: { podSecurityContext: { runAsNonRoot: true, fsGroup: 473, seccompProfile: { type: 'RuntimeDefault' } } },
      alloy: {
        configMap: { content: pipeline },
        enableReporting: false,
        storagePath: STATE,
        mounts: { extra: [{ name: 'state', mountPath: STATE }] },
        extraEnv: [{ name: 'GOMEMLIMIT', value: '400MiB' }],
        securityContext: {
          runAsUser: 473,
          runAsGroup: 473,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
        resources,
      },
      // The chart restarts it on a change.
      configReloader: { enabled: false },
      controller: {
        type: 'deployment',
        // Two at once would ship everything twice.
        updateStrategy: { type: 'Recreate' },
        volumes: { extra: [{ name: 'state', emptyDir: {} }] },
      },
      // The chart's own rules would let it read every Secret. Neither list may be empty.
      rbac: {
        rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] }],
        clusterRules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] }],
      },
      serviceMonitor: { enabled: true },
    },
    uses: [crds, loki],
    runs: [pods('alloy', 1, resources, ['docker.io/grafana/alloy'])],
  });
}
