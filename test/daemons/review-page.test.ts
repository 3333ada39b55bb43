import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { htmlPages } from '../../synth/review/html.ts';
import { casesOf, pageOf } from '../synth/review/cases.ts';
import { Browser } from './browser.ts';
import { contrastsOf, READABLE } from './contrast.ts';

// The page that a reviewer opens, in a real browser. PICTURES=<folder> keeps what it looked like.

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-page-'));
  const cases = ['gone.yaml', 'rollout.yaml', 'differences.yaml'].flatMap((file) => casesOf(file)).slice(0, 24);
  const pages = cases.map((each, i) => ({ ...pageOf(each), environment: `env ${i}` }));
  const linkOf = ({ file, line }: { file: string; line: number }) => `https://git.example.org/${file}#L${line}`;
  writeFileSync(join(folder, 'review.html'), htmlPages(pages, { title: 'Review against main', linkOf }));
  browser = await Browser.start();
});
afterAll(async () => {
  await browser?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => browser.open(`file://${join(folder, 'review.html')}`));

const focused = () => browser.value<string>('document.activeElement.textContent');
const shown = () =>
  browser.value<number>("document.querySelectorAll('details:not([hidden]) > ul > li:not([hidden])').length");

describe('the page of a review', () => {
  test('is whole, complains of nothing and asks nobody for anything', async () => {
    expect(await browser.value('document.title')).toBe('Review against main');
    expect(await browser.value<number>("document.querySelectorAll('article').length")).toBe(24);
    expect(await browser.value<number>("document.querySelectorAll('nav a').length")).toBe(24);
    expect(
      await browser.value<number>("document.querySelectorAll('article.destroys .verdict strong').length"),
    ).toBeGreaterThan(3);
    expect(await browser.value<string>("document.querySelector('li .places a').href")).toMatch(
      /^https:\/\/git\.example\.org\/clusters\//,
    );
    // Every jump leads somewhere.
    expect(
      await browser.value(
        "[...document.querySelectorAll('a[href^=\"#\"]')].filter((a) => !document.querySelector(a.getAttribute('href'))).length",
      ),
    ).toBe(0);
    expect(browser.complaints).toEqual([]);
  });

  test('is read by keyboard alone', async () => {
    await browser.press('j');
    expect(await focused()).toMatch(/^Cautions/);
    expect(await browser.value('document.activeElement.parentElement.open')).toBe(true);
    await browser.press('Enter');
    expect(await browser.value('document.activeElement.parentElement.open')).toBe(false);
    await browser.press('j');
    const second = await focused();
    await browser.press('k');
    expect(await focused()).not.toBe(second);
    await browser.press('e');
    expect(await browser.value("[...document.querySelectorAll('details')].every((part) => part.open)")).toBe(true);
    await browser.press('e');
    expect(await browser.value("[...document.querySelectorAll('details')].every((part) => part.open)")).toBe(false);
    expect(browser.complaints).toEqual([]);
  });

  test('finds what is typed, in every environment', async () => {
    const all = await shown();
    await browser.press('/');
    await browser.type('replicas');
    expect(await browser.value('document.activeElement.value')).toBe('replicas');
    expect(await shown()).toBeLessThan(all);
    expect(await browser.value("document.getElementById('matches').textContent")).toMatch(/^\d+ of \d+ lines$/);
    // Letters that are keys elsewhere are letters here.
    await browser.type('jke');
    expect(await shown()).toBe(0);
    await browser.press('Escape');
    expect(await shown()).toBe(all);
  });

  test.each(['light', 'dark'] as const)('can be read in %s', async (scheme) => {
    await browser.prefer(scheme);
    const texts = ['body', 'small', 'a', '.verdict strong', 'li.risky > b', 'li.destroys > b'];
    expect((await contrastsOf(browser, texts)).filter(([, ratio]) => ratio < READABLE)).toEqual([]);
    const background = await browser.value<string>('getComputedStyle(document.body).backgroundColor');
    expect(background === 'rgb(255, 255, 255)').toBe(scheme === 'light');
    const pictures = process.env['PICTURES'];
    if (pictures) writeFileSync(join(pictures, `review-${scheme}.png`), await browser.picture());
  });
});
