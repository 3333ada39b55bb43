import { describe, expect, test } from '@jest/globals';
import { htmlPages } from '../../../synth/review/html.ts';
import { markdownPage } from '../../../synth/review/markdown.ts';
import { casesOf, files, pageOf, plainText } from './cases.ts';

const all = files.flatMap((file) => casesOf(file));

describe.each(files.map((file) => [file, casesOf(file)] as const))('%s', (_, cases) => {
  test.each(cases.map((each) => [each.case, each] as const))('%s', (_, { text, json, ...trees }) => {
    const page = pageOf(trees);
    expect(plainText(page)).toBe(text);
    expect(JSON.parse(JSON.stringify(page))).toEqual(json);
  });
});

test('at least sixty cases have names of their own, and half of sixty come from a thread', () => {
  expect(new Set(all.map((each) => each.case)).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(60);
  for (const { thread } of all)
    if (thread) expect(thread).toMatch(/^https:\/\/github\.com\/[\w.-]+\/[\w.-]+\/(?:issues|pull)\/\d+$/);
  expect(all.filter(({ thread }) => thread).length).toBeGreaterThanOrEqual(30);
});

/** https://github.com/home-operations/konflate/tree/main/internal/diff at 2026-09, without `image-not-found`, which asks a registry. */
const KONFLATE = [
  'removed-statefulset',
  'removed-pvc',
  'removed-namespace',
  'removed-crd',
  'removed-networkpolicy',
  'suspends',
  'resumes',
  'suspended-parent',
  'not-pruned',
  'privileged',
  'replicas-zero',
  'rbac-widened',
  'immutable-field',
  'pvc-shrink',
  'large-changeset',
  'major-chart-bump',
  'major-image-bump',
];

describe("konflate's cautions", () => {
  test.each(KONFLATE)('%s', (caution) => {
    const cases = all.filter(({ konflate }) => konflate === caution);
    expect(cases).not.toHaveLength(0);
    for (const each of cases) expect(each.json.cautions.map(({ rule }) => rule)).toContain(caution);
  });

  test('routine', () => {
    const cases = all.filter(({ konflate }) => konflate === 'routine');
    expect(cases).not.toHaveLength(0);
    for (const each of cases) expect(each.json.verdict.level).toBe('routine');
  });
});

describe('every format', () => {
  const hostile = pageOf({
    case: 'markup',
    before: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {x: "1"}\n',
    after:
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {x: "<img src=x> @someone #12 [a](http://b) `c`"}\n',
  });

  test('shows what a value says as text, never as markup', () => {
    expect(htmlPages([hostile], { title: '<b>', linkOf: () => 'javascript:"' })).not.toMatch(
      /<img|<b>&|href="javascript:""/,
    );
    const markdown = markdownPage(hostile, () => undefined);
    expect(markdown).toContain('\\<img src=x\\>');
    expect(markdown).not.toMatch(/ @someone|[^\\]#12|\[a\]\(/);
  });

  test.each(all.map((each) => [each.case, each.json] as const))('says each caution of "%s"', (_, page) => {
    const html = htmlPages([page], { title: 'Review', linkOf: () => undefined });
    const markdown = markdownPage(page, () => undefined);
    for (const { rule } of page.cautions) {
      expect(html).toContain(`[${rule}]`);
      expect(markdown).toContain(`\\[${rule}\\]`);
    }
  });
});

const configMap = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${name}", namespace: a}\nimmutable: false\ndata: {x: "1", y: "2", z: "${value}"}\n`;

describe('names and numbers', () => {
  test.each(['e', 'n', 'true', 'data'])('ConfigMap "%s" under a new name is one change', (name) => {
    const page = pageOf({ case: name, before: configMap(name, '3'), after: configMap('new', '3') });
    expect(page.counts).toMatchObject({ renamed: 1, added: 0, removed: 0 });
    expect(page.folds).toEqual([]);
  });

  test.each(['path', 'after', 'order', 'text', 'index'])('what "%s" has in common with another folds', (name) => {
    const both = (value: string) => [configMap(name, value), configMap('other', value)].join('---\n');
    const { folds } = pageOf({ case: name, before: both('a: 1\\n'), after: both('a: 2\\n') });
    expect(folds).toMatchObject([
      { label: `ConfigMap a/${name}, ConfigMap a/other`, edits: [{ text: 'data.z (yaml): a 1 -> 2' }] },
    ]);
  });

  test('a number of many digits is no hash', () => {
    const topics = (bytes: string) =>
      ['orders', 'invoices']
        .map(
          (name) =>
            `apiVersion: kafka.strimzi.io/v1\nkind: KafkaTopic\nmetadata: {name: ${name}, namespace: a}\nspec: {config: {retention.bytes: ${bytes}}}\n`,
        )
        .join('---\n');
    const { folds } = pageOf({ case: 'number', before: topics('1024'), after: topics('1099511627776000') });
    expect(folds).toMatchObject([
      {
        label: 'KafkaTopic a/orders, KafkaTopic a/invoices',
        edits: [{ text: 'spec.config["retention.bytes"] 1024 -> 1099511627776000' }],
      },
    ]);
  });
});

test('no page tells the value of a Secret, an immutable one included', () => {
  const secret = (value: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: a}\nimmutable: true\nstringData: {password: ${value}}\n`;
  const page = pageOf({ case: 'secret', before: secret('hunter2'), after: secret('hunter3') });
  expect(page.cautions).toMatchObject([
    { rule: 'immutable-field', message: expect.stringContaining('stringData.password (hidden) -> (hidden)') },
  ]);
  const formats = [plainText(page), markdownPage(page, () => undefined), JSON.stringify(page)];
  expect(`${formats}`).not.toContain('hunter');
});

test('nor what kubectl has kept of it in an annotation', () => {
  const secret = (annotations: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: a${annotations}}\ntype: Opaque\ndata: {x: eA==}\n`;
  const copy = (value: string) =>
    `, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"x":"${value}"}}'}`;
  for (const [before, after] of [
    ['', secret(copy('hunter2'))],
    [secret(''), secret(copy('hunter2'))],
    [secret(copy('hunter2')), secret(copy('hunter3'))],
    [secret(copy('hunter2')), secret('')],
  ] as const) {
    const page = pageOf({ case: 'copy', before, after });
    expect(page.changes).toHaveLength(1);
    expect(plainText(page) + JSON.stringify(page)).not.toContain('hunter');
  }
});
