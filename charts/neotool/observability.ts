import type { App } from 'cdk8s';
import { AlertRules } from '../../constructs/alert-rules.ts';
import { neotoolAlerts } from './alerts.ts';
import type { NeotoolFacts } from './facts.ts';
import { area } from './namespaces.ts';

/**
 * What there is to see and to hear of Neotool as a whole. What shows and sends it is the platform's: the machines' own
 * metrics ask for more than Pod Security `restricted`, so they are in a namespace of their own.
 */
export function observability(app: App, facts: NeotoolFacts) {
  const chart = area(app, 'observability', []);
  new AlertRules(chart, 'alerts', { name: 'neotool', rules: neotoolAlerts(facts) });
}
