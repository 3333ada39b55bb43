import type { App } from 'cdk8s';
import { AlertReceivers, type AlertReceiversProps } from '../../constructs/alertmanager.ts';
import { ChartRelease } from '../../constructs/chart-release.ts';
import { Credential } from '../../constructs/credential.ts';
import { charts } from '../versions.ts';
import { part } from './part.ts';

export interface MonitoringFacts {
  readonly alerts: AlertReceiversProps;
  readonly monitoring: {
    /** How long Prometheus keeps samples: `15d`. */
    readonly retention: string;
    /** Its volume, of the default storage class: `50Gi`. */
    readonly storage: string;
    /** Which DNS the cluster runs: both have the same labels, but other metrics. */
    readonly dns: 'coreDns' | 'kubeDns';
  };
}

/** Prometheus, Alertmanager and Grafana; every ServiceMonitor, PodMonitor and PrometheusRule of the cluster counts. */
export function monitoring(app: App, crds: ChartRelease, facts: MonitoringFacts) {
  const { retention, storage, dns } = facts.monitoring;
  // The node exporter reads the machine itself, which no lesser level allows.
  const chart = part(app, 'monitoring', { podSecurity: 'privileged' });
  const receivers = new AlertReceivers(chart, 'alert-receivers', facts.alerts);
  const grafana = new Credential(chart, 'grafana-admin', {
    keys: { 'admin-user': 'given', 'admin-password': { length: 32 } },
  });

  new ChartRelease(chart, 'kube-prometheus-stack', {
    ...charts['kube-prometheus-stack'],
    values: {
      crds: { enabled: false },
      // Their endpoints are out of reach on a managed control plane and on k3s: alerts about them would never stop.
      kubeControllerManager: { enabled: false },
      kubeScheduler: { enabled: false },
      kubeEtcd: { enabled: false },
      kubeProxy: { enabled: false },
      coreDns: { enabled: dns === 'coreDns' },
      kubeDns: { enabled: dns === 'kubeDns' },
      alertmanager: {
        config: receivers.config,
        alertmanagerSpec: {
          replicas: 2,
          secrets: [receivers.credential.name],
          storage: volume('1Gi'),
        },
      },
      grafana: {
        admin: { existingSecret: grafana.name, userKey: 'admin-user', passwordKey: 'admin-password' },
      },
      prometheus: {
        prometheusSpec: {
          retention,
          storageSpec: volume(storage),
          // Nil selectors of the chart mean "labelled with this release"; false makes them mean all.
          ruleSelectorNilUsesHelmValues: false,
          serviceMonitorSelectorNilUsesHelmValues: false,
          podMonitorSelectorNilUsesHelmValues: false,
          probeSelectorNilUsesHelmValues: false,
          scrapeConfigSelectorNilUsesHelmValues: false,
        },
      },
    },
    uses: [crds, receivers.credential, grafana],
    provides: {
      objects: [
        service('kube-prometheus-stack-prometheus', 9090, 'http-web'),
        service('kube-prometheus-stack-alertmanager', 9093, 'http-web'),
        service('kube-prometheus-stack-grafana', 80, 'http-web'),
      ],
    },
  });
}

const service = (name: string, ...ports: (number | string)[]) => ({
  kind: 'Service',
  namespace: 'monitoring',
  name,
  ports,
});

const volume = (storage: string) => ({
  volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } },
});
