import { Construct } from 'constructs';
import { PrometheusRule } from '../imports/custom.ts';
import { refuse } from '../imports/relations.ts';
import { labelsOf, namespaceOf } from './labels.ts';

export interface AlertRule {
  /** What is wrong, in CamelCase: `DatabaseConnectionPoolExhaustion`. */
  readonly alert: string;
  /** PromQL; every series it returns is one alert. */
  readonly expr: string;
  /** How long the expression has to hold, a Prometheus duration: `5m`. */
  readonly for: string;
  /** `critical` wakes somebody up, `warning` waits until morning. */
  readonly severity: 'critical' | 'warning';
  /** One line; may use `{{ $labels.x }}` for labels that the expression keeps. */
  readonly summary: string;
  readonly description: string;
  /** What to look at first. */
  readonly runbook: string;
}

export interface AlertRulesProps {
  /** @default - the construct's id */
  readonly name?: string;
  readonly rules: readonly AlertRule[];
}

/**
 * A PrometheusRule in the chart's namespace. Every alert carries `namespace` and `severity`, which Alertmanager routes
 * by, even where an expression such as absent() loses all labels. Refuses alike names and a name or duration of the wrong form.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
 */
export class AlertRules extends Construct {
  constructor(scope: Construct, id: string, props: AlertRulesProps) {
    super(scope, id);
    const { name = id, rules } = props;
    const namespace = namespaceOf(this);

    refuse(this, problems(rules));

    new PrometheusRule(this, 'rules', {
      metadata: { name, namespace, labels: labelsOf(this, name) },
      spec: {
        groups: [
          {
            name,
            rules: rules.map(({ severity, summary, description, runbook, ...rule }) => ({
              ...rule,
              labels: { namespace, severity },
              annotations: { summary, description, runbook },
            })),
          },
        ],
      },
    });
  }
}

/**
 * The share of `of` in `to`, both counters, per label in `by`. Both sides are summed by the same labels, or a label that
 * only one of them has would leave the division empty for ever. Where `to` has no series yet, everything failed: 1.
 */
export function ratio({ of, to, by, over }: { of: string; to: string; by: readonly string[]; over: string }): string {
  const rate = (counter: string) => `sum by (${by.join(', ')}) (rate(${counter}[${over}]))`;
  return `${rate(of)} / (${rate(to)} or ${rate(of)})`;
}

function problems(rules: readonly AlertRule[]): string[] {
  const found: string[] = [];
  for (const [position, { alert, for: duration }] of rules.entries()) {
    if (!/^[A-Z][A-Za-z0-9]*$/.test(alert)) {
      found.push(`alert: "${alert}" is not CamelCase; Alertmanager routes and silences match it letter by letter`);
    }
    if (rules.findIndex((other) => other.alert === alert) < position) {
      found.push(`alert: ${alert} is there twice, silencing one silences both; rename one`);
    }
    if (!/^(\d+(ms|[smhdwy]))+$/.test(duration)) {
      found.push(`${alert}: for "${duration}" is not a Prometheus duration; write it like 5m`);
    }
  }
  return found;
}
