import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { clusters, load } from '../../commands/project.ts';
import { mapOf } from '../../synth/map/model.ts';
import { mapPage } from '../../synth/map/page.ts';
import { readTree } from '../../synth/publish.ts';
import { linksTo } from '../../synth/review/links.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { mapped, shopOf } from '../synth/map-world.ts';
import { Browser } from './browser.ts';
import { contrastsOf, READABLE } from './contrast.ts';

// The map that an operator opens, in a real browser. PICTURES=<folder> keeps what it looked like.

const linkOf = linksTo('git@github.com:you/fleet.git', 'main');

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-map-'));
  const environment = await load('studio');
  const studio = synthesize(environment, readTree(clusters, 'studio'));
  writeFileSync(join(folder, 'studio.html'), mapPage(mapOf(environment, studio), studio, linkOf));
  const { map, synthesis } = mapped(shopOf(500));
  writeFileSync(join(folder, 'shop.html'), mapPage(map, synthesis));
  browser = await Browser.start();
});
afterAll(async () => {
  await browser?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const count = (selector: string) =>
  browser.value<number>(`[...document.querySelectorAll(${JSON.stringify(selector)})].length`);
const opened = () =>
  browser.value<string>(
    "document.getElementById('details').hidden ? '' : document.getElementById('details-title').textContent",
  );
const focused = () =>
  browser.value<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id");

describe.each([
  { page: 'studio.html', services: 37, wanted: 'event-ingester', called: 'redis' },
  { page: 'shop.html', services: 500, wanted: 'service-123', called: 'postgresql' },
])('the map of $services services', ({ page, services, wanted, called }) => {
  beforeEach(() => browser.open(`file://${join(folder, page)}`));

  test('is whole, complains of nothing and asks nobody for anything', async () => {
    expect(await count('.vertex.service')).toBe(services);
    expect(await count('.vertex.store')).toBeGreaterThan(0);
    expect(await count('#nodes meter')).toBeGreaterThan(0);
    expect(await count('#order .steps > li')).toBeGreaterThan(1);
    // Everything there is can be found in the table too, and everything drawn can be opened.
    expect(await count('#everything button.open')).toBeGreaterThanOrEqual(await count('.vertex'));
    expect(await count('.vertex:not([tabindex="0"]), .vertex:not([aria-label])')).toBe(0);
    expect(browser.complaints).toEqual([]);
  });

  test('is searched, opened and closed by keyboard', async () => {
    await browser.press('/');
    expect(await focused()).toBe('find');
    await browser.type(wanted);
    expect(await count('#everything tbody tr:not([hidden])')).toBe(1);
    expect(await count('.vertex.hit')).toBe(1);
    await browser.press('Enter');
    expect(await opened()).toBe(wanted);
    expect(await browser.value("document.getElementById('details-body').textContent")).toContain(called);
    expect(await count('.vertex.near')).toBeGreaterThan(1);
    expect(await count('.line.near')).toBeGreaterThan(0);
    await browser.press('Escape');
    expect([await opened(), await focused()]).toEqual(['', 'find']);
    await browser.press('Escape');
    expect(await count('#everything tbody tr[hidden]')).toBe(0);
    expect(await count('.vertex.hit')).toBe(0);
    expect(browser.complaints).toEqual([]);
  });

  test('is walked by Tab, and Enter opens what one came to', async () => {
    await browser.value("document.querySelector('.vertex').focus()");
    const first = await focused();
    await browser.press('Tab');
    const second = await focused();
    expect(second).not.toBe(first);
    await browser.press('Enter');
    expect(second).toContain(await opened());
    await browser.press('Escape');
    expect(await focused()).toBe(second);
    expect(browser.complaints).toEqual([]);
  });

  test('shows the objects and their YAML, and where they are written', async () => {
    await browser.press('/');
    await browser.type(wanted);
    await browser.press('Enter');
    const text = await browser.value<string>("document.getElementById('details-body').textContent");
    expect(text).toContain('kind: Deployment');
    expect(text).toMatch(/charts\/[\w/-]+\.ts:\d+/);
    const links = await browser.value<string>(
      "[...document.querySelectorAll('#details-body dd a')].map((a) => a.href).join()",
    );
    if (page === 'studio.html')
      expect(links).toMatch(/^https:\/\/github\.com\/you\/fleet\/blob\/main\/charts\/[\w/-]+\.ts#L\d+,/);
    else expect(links).toBe('');
  });

  test('draws the connections of the platform where one asks for them', async () => {
    const hidden =
      "[...document.querySelectorAll('.line.quiet')].filter((line) => getComputedStyle(line).display === 'none').length";
    expect(await browser.value<number>(hidden)).toBe(await count('.line.quiet'));
    await browser.value("document.getElementById('platform').click()");
    expect(await browser.value<number>(hidden)).toBe(0);
  });

  test.each(['light', 'dark'] as const)('can be read in %s', async (scheme) => {
    await browser.prefer(scheme);
    const texts = ['body', 'small', '.counts', 'td button.open', '.legend li'];
    expect((await contrastsOf(browser, texts)).filter(([, ratio]) => ratio < READABLE)).toEqual([]);
    const background = await browser.value<string>('getComputedStyle(document.body).backgroundColor');
    expect(background === 'rgb(255, 255, 255)').toBe(scheme === 'light');
    const pictures = process.env['PICTURES'];
    if (pictures)
      writeFileSync(join(pictures, `map-${services}-${scheme}.png`), await browser.picture({ whole: false }));
  });
});
