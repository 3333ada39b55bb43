import { Construct } from 'constructs';
import { Credential } from './credential.ts';

export interface AlertReceiversProps {
  /** Slack channel for every alert, by a webhook that the credential holds: `#findly-alerts`. */
  readonly slack: { readonly channel: string };
  /** Critical alerts also page somebody, by PagerDuty's Events API v2. @default false */
  readonly pagerduty?: boolean;
}

const folder = '/etc/alertmanager/secrets';
const critical = ['severity = "critical"'];

/**
 * Who hears of an alert: Alertmanager's configuration and the Secret its receivers read their addresses from, as files,
 * so that the configuration itself holds nothing secret. One notification per alert and namespace; a critical alert
 * silences the warning of the same name; kube-prometheus-stack's own always-firing Watchdog goes nowhere, and its InfoInhibitor
 * keeps back what is for information only while nothing worse is wrong in the namespace.
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export class AlertReceivers extends Construct {
  /** `alertmanager.config` of kube-prometheus-stack. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Mounted by Alertmanager under `/etc/alertmanager/secrets/<name>`. */
  readonly credential: Credential;

  constructor(scope: Construct, id: string, props: AlertReceiversProps) {
    super(scope, id);
    const { slack, pagerduty = false } = props;

    this.credential = new Credential(this, 'credential', {
      name: 'alert-receivers',
      keys: { 'slack-url': 'given', ...(pagerduty && { 'pagerduty-key': 'given' }) },
    });
    const file = (key: string) => `${folder}/${this.credential.name}/${key}`;

    this.config = {
      route: {
        receiver: 'slack',
        group_by: ['alertname', 'namespace'],
        group_wait: '30s',
        group_interval: '5m',
        repeat_interval: '12h',
        routes: [
          { matchers: ['alertname =~ "Watchdog|InfoInhibitor"'], receiver: 'null' },
          ...(pagerduty
            ? [
                { matchers: critical, receiver: 'pagerduty', continue: true },
                { matchers: critical, receiver: 'slack' },
              ]
            : []),
        ],
      },
      inhibit_rules: [
        {
          source_matchers: critical,
          target_matchers: ['severity = "warning"'],
          equal: ['alertname', 'namespace'],
        },
        {
          source_matchers: ['alertname = "InfoInhibitor"'],
          target_matchers: ['severity = "info"'],
          equal: ['namespace'],
        },
      ],
      receivers: [
        { name: 'null' },
        {
          name: 'slack',
          slack_configs: [
            {
              api_url_file: file('slack-url'),
              channel: slack.channel,
              send_resolved: true,
              title: '[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }} in {{ .CommonLabels.namespace }}',
              text: '{{ range .Alerts }}{{ .Annotations.summary }}: {{ .Annotations.description }}\n{{ end }}',
            },
          ],
        },
        ...(pagerduty
          ? [
              {
                name: 'pagerduty',
                pagerduty_configs: [{ routing_key_file: file('pagerduty-key'), send_resolved: true }],
              },
            ]
          : []),
      ],
    };
  }
}
