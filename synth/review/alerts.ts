import { type KubeObject, typeOf } from '../manifest.ts';
import { at, maps, text } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import { same } from './equal.ts';
import type { AlertChange, Caution } from './page.ts';
import { removed, type Sides } from './sides.ts';

interface Alert {
  readonly object: KubeObject;
  readonly rules: unknown[];
}

/** Alerts by name: one that moves to another group or object is not lost. */
function alertsIn(index: Index): Map<string, Alert> {
  const alerts = new Map<string, Alert>();
  for (const kind of ['PrometheusRule', 'VMRule']) {
    for (const { object } of index.byKind(kind)) {
      for (const rule of maps(at(object, 'spec', 'groups')).flatMap((group) => maps(group.rules))) {
        const name = text(rule.alert);
        if (!name) continue;
        const known = alerts.get(name);
        if (known) known.rules.push(rule);
        else alerts.set(name, { object, rules: [rule] });
      }
    }
  }
  return alerts;
}

export function alertsOf({ base, head, entry }: Sides): AlertChange[] {
  const [before, after] = [alertsIn(base), alertsIn(head)];
  const about = ({ object }: Alert) => entry(object);
  return [
    ...[...before].flatMap(([alert, was]): AlertChange[] => {
      const now = after.get(alert);
      if (!now) return [{ alert, kind: 'lost' as const, ...about(was) }];
      return same(was.rules, now.rules) ? [] : [{ alert, kind: 'changed' as const, ...about(now) }];
    }),
    ...[...after].flatMap(([alert, now]) =>
      before.has(alert) ? [] : [{ alert, kind: 'added' as const, ...about(now) }],
    ),
  ];
}

const MONITORS = /^monitoring\.coreos\.com\/(?:ServiceMonitor|PodMonitor|Probe)$/;

/** What nobody will hear of any more, while the thing itself goes on. */
export function* alertCautions(sides: Sides, alerts: readonly AlertChange[]): Iterable<Caution> {
  const lost = alerts.filter(({ kind }) => kind === 'lost');
  const namespaces = new Set(sides.head.workloads.map(({ namespace }) => namespace));
  if (lost.length && namespaces.size) {
    const [first] = lost;
    const names = lost.map(({ alert }) => alert).join(', ');
    yield { object: first!.object, rule: 'lost-alert', level: 'risky', message: `nobody is told any more: ${names}` };
  }
  for (const object of removed(sides)) {
    if (!MONITORS.test(typeOf(object)) || !namespaces.has(object.metadata.namespace ?? '')) continue;
    yield {
      ...sides.entry(object),
      rule: 'lost-metrics',
      level: 'risky',
      message: `removed ${object.kind}: alerts on its metrics stay silent`,
    };
  }
}
