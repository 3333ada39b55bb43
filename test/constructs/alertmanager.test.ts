import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { dump } from 'js-yaml';
import { AlertReceivers, type AlertReceiversProps } from '../../constructs/alertmanager.ts';
import { render } from './render.ts';

function receivers(props: AlertReceiversProps) {
  let made: AlertReceivers | undefined;
  const { relations } = render((chart) => {
    made = new AlertReceivers(chart, 'receivers', props);
  });
  return { config: made!.config, keys: relations.flatMap(({ sealed }) => sealed?.keys ?? []) };
}

/** amtool is in Debian's prometheus-alertmanager. */
function amtool(config: unknown, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'amtool-'));
  const file = join(folder, 'alertmanager.yml');
  try {
    writeFileSync(file, dump(config));
    return execFileSync(
      'amtool',
      args.map((arg) => (arg === 'FILE' ? file : arg)),
      { encoding: 'utf8', stdio: 'pipe' },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const routed = (config: unknown, ...labels: string[]) =>
  amtool(config, 'config', 'routes', 'test', '--config.file', 'FILE', ...labels).trim();

test('asks for the addresses it uses, and holds none', () => {
  expect(receivers({ slack: { channel: '#a' } }).keys).toEqual(['slack-url']);
  expect(receivers({ slack: { channel: '#a' }, pagerduty: true }).keys).toEqual(['slack-url', 'pagerduty-key']);
  expect(JSON.stringify(receivers({ slack: { channel: '#a' }, pagerduty: true }).config)).not.toMatch(/https?:/);
});

test('what is for information only waits for something worse in its namespace, as the InfoInhibitor says', () => {
  expect(receivers({ slack: { channel: '#a' } }).config['inhibit_rules']).toContainEqual({
    source_matchers: ['alertname = "InfoInhibitor"'],
    target_matchers: ['severity = "info"'],
    equal: ['namespace'],
  });
});

const hasAmtool = (() => {
  try {
    return Boolean(execFileSync('amtool', ['--version']));
  } catch {
    return false;
  }
})();

(hasAmtool ? describe : describe.skip)('as Alertmanager reads it', () => {
  test.each([false, true])('is valid, pagerduty: %s', (pagerduty) => {
    const { config } = receivers({ slack: { channel: '#a' }, pagerduty });
    expect(amtool(config, 'check-config', 'FILE')).toContain('SUCCESS');
  });

  test('a critical alert pages and is posted, a warning is posted, the watchdog goes nowhere', () => {
    const { config } = receivers({ slack: { channel: '#a' }, pagerduty: true });
    expect(routed(config, 'severity=critical')).toBe('pagerduty,slack');
    expect(routed(config, 'severity=warning')).toBe('slack');
    expect(routed(config, 'alertname=Watchdog', 'severity=none')).toBe('null');
  });

  test('without a pager everything is posted', () => {
    const { config } = receivers({ slack: { channel: '#a' } });
    expect(routed(config, 'severity=critical')).toBe('slack');
  });
});
