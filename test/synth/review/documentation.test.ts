import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { fitRules } from '../../../synth/check/fit.ts';
import { platformRules } from '../../../synth/check/platforms.ts';
import { casesOf, files } from './cases.ts';

const document = readFileSync(new URL('../../../docs/review.md', import.meta.url), 'utf8');
const documented = new Set(
  [...document.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names]) => names!.replaceAll('`', '').split(', ')),
);
const shown = new Set(
  files.flatMap((file) => casesOf(file).flatMap(({ json }) => json.cautions.map(({ rule }) => rule))),
);

test('every caution that a case shows is in the document', () => {
  expect([...shown].filter((rule) => !documented.has(rule))).toEqual([]);
});

test('every caution of the document has a case that shows it', () => {
  const elsewhere = new Set([...fitRules, ...platformRules].map(({ name }) => name));
  expect([...documented].filter((rule) => !shown.has(rule) && !elsewhere.has(rule))).toEqual([]);
});

test("konflate's names in the document are those that cases go by", () => {
  const mapped = [...document.matchAll(/^\| (?:`[^|]+`)? ?\| (`[^|]+`) \|(?! not here)/gm)].flatMap(([, names]) =>
    names!.replaceAll('`', '').split(', '),
  );
  const tried = files.flatMap((file) => casesOf(file).flatMap(({ konflate }) => konflate ?? []));
  expect(mapped.sort()).toEqual([...new Set(tried)].sort());
});
