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
