import { describe, expect, test } from '@jest/globals';
import prod from '../../../charts/environments/neotool-prod.ts';
import staging from '../../../charts/environments/neotool-staging.ts';
import { ENVIRONMENT, type Environment, SEALED, TAGS } from '../../../imports/environment.ts';
import { render } from '../../../synth/render.ts';
import { resolve } from '../../../synth/resolve.ts';
import { environmentDifference, textDifference } from '../../../synth/review/environments.ts';

const rendered = (environment: Environment) => {
  const made = render(environment, { [ENVIRONMENT]: environment, [TAGS]: new Map(), [SEALED]: new Map() });
  return { name: environment.name, index: resolve(made, { provides: [environment.provides], closed: true }) };
};

const [before, after] = [rendered(staging), rendered(prod)];
const difference = environmentDifference(before, after);
const text = textDifference(difference);

describe('two environments', () => {
  test('differ in what their literals say, each with its line of TypeScript', () => {
    expect(text).toMatch(
      /HorizontalPodAutoscaler neotool-app\/app: maxReplicas 6 -> 50 \(charts\/neotool\/services\.ts:\d+\)/,
    );
    expect(text).toContain('resources.requests.storage 50Gi -> 100Gi');
  });

  test('that differ alike in many objects do so in one line', () => {
    expect(text.match(/10\.30\.0\.0\/24/g)).toHaveLength(1);
    const fold = difference.folds.find(({ edits }) => edits.some((edit) => edit.text.includes('10.30.0.0/24')))!;
    expect(fold.objects.length).toBeGreaterThan(3);
  });

  test('have objects that the other one has not', () => {
    expect(difference.onlyFrom.map(({ object }) => object)).toContain('ImagePolicy flux-system/neotool-app');
    expect(difference.onlyTo.map(({ object }) => object)).toContain('PodDisruptionBudget neotool-app/assets');
    expect(text).toMatch(/Only in neotool-prod\n {2}PodDisruptionBudget: neotool-app\/security, /);
  });

  test('do not differ in checksums, nor in what is called after them', () => {
    expect(text).not.toMatch(/checksum|neotool-(staging|prod)-assets|neotool-(staging|prod)\/neotool-data/);
  });

  test('in the other direction differ the other way round', () => {
    const back = environmentDifference(after, before);
    const names = (entries: typeof back.onlyTo) => entries.map(({ object }) => object).sort();
    expect([names(back.onlyFrom), names(back.onlyTo)]).toEqual([names(difference.onlyTo), names(difference.onlyFrom)]);
    expect(textDifference(back)).toContain('maxReplicas 50 -> 6');
  });
});

test('one that differs in its name alone differs in nothing', () => {
  const [one, other] = ['dev-1', 'dev-2'].map((name) =>
    rendered({ ...staging, name, systems: staging.systems.slice(1) }),
  );
  expect(textDifference(environmentDifference(one!, other!))).toBe('dev-1 and dev-2 differ in nothing but their names');
});

test('a name is exchanged as a word, not within another', () => {
  const config = (environment: string) => ({
    name: environment,
    index: resolve(
      {
        manifests: [
          {
            object: {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              metadata: { name: `${environment}-page`, namespace: 'web', labels: { app: 'labels' } },
              data: { 'page.yaml': `labels: {}\npath: clusters/${environment}\n` },
            },
            path: 'web/page/config',
            chart: 'web',
            unit: 'page',
          },
        ],
        declared: [],
      },
      { provides: [], closed: true },
    ),
  });
  for (const [from, to] of [
    ['lab', 'prod'],
    ['prod', 'lab'],
    ['e', 'a'],
  ] as const) {
    expect(textDifference(environmentDifference(config(from), config(to)))).toBe(
      `${from} and ${to} differ in nothing but their names`,
    );
  }
});
