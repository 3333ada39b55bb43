import { type AlertRule, ratio } from '../../constructs/alert-rules.ts';
import { type NeotoolFacts, serviceNames } from './facts.ts';

const app = 'namespace="neotool-app"';

/** By the names that Micrometer and Apollo Router give their metrics; a canary has a job of its own. */
export const neotoolAlerts = (_: NeotoolFacts): AlertRule[] => [
  ...serviceNames.map(
    (name): AlertRule => ({
      alert: `Neotool${name[0]!.toUpperCase()}${name.slice(1)}Down`,
      expr: `absent(up{${app}, job="${name}"} == 1)`,
      for: '2m',
      severity: 'critical',
      summary: `${name} is down`,
      description: `Prometheus has reached no pod of ${name} for two minutes`,
      runbook: `kubectl -n neotool-app get pods -l app.kubernetes.io/name=${name}; Init:0/1 waits for Vault's key, see docs/neotool.md`,
    }),
  ),
  {
    alert: 'NeotoolErrorRate',
    expr: `${ratio({
      of: `http_server_requests_seconds_count{${app}, status=~"5.."}`,
      to: `http_server_requests_seconds_count{${app}}`,
      by: ['job'],
      over: '5m',
    })} > 0.05`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.job }} fails',
    description: '{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} end in an error of the server',
    runbook:
      'kubectl -n neotool-app logs -l app.kubernetes.io/name={{ $labels.job }}; of a canary: take it out, or its percent down',
  },
];
