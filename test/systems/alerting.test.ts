import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { dump, loadAll } from 'js-yaml';

// Every environment is told of what goes wrong in it: alerts by Alertmanager, failed reconciliations by Flux.

const environments = readdirSync('charts/environments').map((file) => file.slice(0, -3));

interface Rendered {
  readonly kind: string;
  readonly spec: {
    readonly values?: { readonly alertmanager: { readonly config: object } };
    readonly eventSources?: readonly { readonly kind: string; readonly name: string }[];
    readonly providerRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
    readonly groups?: readonly { readonly rules: readonly { alert?: string; expr: string; annotations?: object }[] }[];
  };
}
const objects = (environment: string, path: string) =>
  loadAll(readFileSync(join('clusters', environment, path), 'utf8')) as Rendered[];

const hasAmtool = (() => {
  try {
    return Boolean(execFileSync('amtool', ['--version']));
  } catch {
    return false;
  }
})();

describe.each(environments)('%s', (environment) => {
  (hasAmtool ? test : test.skip)('its Alertmanager configuration is valid', () => {
    const release = objects(environment, 'monitoring-controllers/kube-prometheus-stack.yaml').find(
      ({ kind }) => kind === 'HelmRelease',
    );
    const folder = mkdtempSync(join(tmpdir(), 'amtool-'));
    try {
      const file = join(folder, 'alertmanager.yaml');
      writeFileSync(file, dump(release!.spec.values!.alertmanager.config));
      expect(execFileSync('amtool', ['check-config', file], { encoding: 'utf8' })).toContain('SUCCESS');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('no alert names the pod of kube-state-metrics as the one to look at', () => {
    // What it says of anything but pods has no pod of its own, and gets that of the target.
    const others = /kube_(?!pod_)[a-z]+_/;
    const alerts = readdirSync(join('clusters', environment), { recursive: true, encoding: 'utf8' })

      .filter((path) => path.endsWith('.yaml'))
      .filter((path) => readFileSync(join('clusters', environment, path), 'utf8').includes('kind: PrometheusRule'))
      .flatMap((path) => objects(environment, path))
      .flatMap(({ kind, spec }) => (kind === 'PrometheusRule' ? spec.groups! : []))
      .flatMap(({ rules }) => rules);
    expect(alerts.length).toBeGreaterThan(0);
    const wrong = alerts.filter(
      ({ expr, annotations }) => others.test(expr) && /labels\.pod\b/.test(JSON.stringify(annotations)),
    );
    expect(wrong.map(({ alert }) => alert)).toEqual([]);
  });

  test('Flux says where a reconciliation failed', () => {
    const found = objects(environment, 'flux/notifications.yaml');
    const alert = found.find(({ kind }) => kind === 'Alert')!;
    expect(alert.spec.eventSources).toContainEqual({ kind: 'Kustomization', name: '*' });
    const provider = found.find(({ kind }) => kind === 'Provider')!;
    expect(provider.spec.secretRef).toBeDefined();
  });
});
