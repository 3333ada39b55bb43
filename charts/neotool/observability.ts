import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { Dashboard } from '../../constructs/dashboard.ts';
import { neotoolAlerts } from './alerts.ts';
import { overview, services } from './dashboards.ts';
import type { NeotoolFacts } from './facts.ts';
import { area } from './namespaces.ts';

/**
 * What there is to see and to hear of Neotool as a whole. What shows and sends it is the platform's: it reads the machines,
 * which asks for more than Pod Security `restricted`, and so is in namespaces of its own.
 */
export function observability(app: App, facts: NeotoolFacts) {
  const chart = area(app, 'observability');
  new AlertRules(chart, 'alerts', { name: 'neotool', rules: neotoolAlerts(facts) });
  new Dashboard(chart, 'neotool', overview);
  new Dashboard(chart, 'neotool-services', services);
}
