import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { dump } from 'js-yaml';

/** Series by selector, with promtool's notation of values, one a minute: `0+10x20`. */
export type Series = Readonly<Record<string, string>>;

/** Debian's package prometheus has promtool; where it is not installed, what needs it is skipped. */
export const withPromtool = (() => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return describe;
  } catch {
    return describe.skip;
  }
})();

/**
 * promtool's verdict on whether exactly these alerts fire `minutes` after the series began: SUCCESS, or what differs, or
 * why it refuses the rules, which are looked at as often as `every` says.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */
export function firing(
  spec: unknown,
  series: Series,
  minutes: number,
  expected: readonly string[],
  every = '30s',
): string {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  try {
    writeFileSync(join(folder, 'rules.yaml'), dump(spec));
    writeFileSync(
      join(folder, 'test.yaml'),
      dump({
        rule_files: ['rules.yaml'],
        evaluation_interval: every,
        tests: [
          {
            interval: '1m',
            input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
            promql_expr_test: [
              {
                expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
                eval_time: `${minutes}m`,
                exp_samples: expected.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
              },
            ],
          },
        ],
      }),
    );
    return execFileSync('promtool', ['test', 'rules', 'test.yaml'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
      // It collects garbage on every core for a quarter of its time, and ends before that is worth it.
      env: { ...process.env, GOMAXPROCS: '1', GOGC: '400' },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
