import type { Browser } from './browser.ts';

/** https://www.w3.org/TR/WCAG22/#contrast-minimum */
export const READABLE = 4.5;

/** How far the text of the first element of each selector stands out from the page. */
export const contrastsOf = (browser: Browser, selectors: readonly string[]) =>
  browser.value<[string, number][]>(`(() => {
    const light = (color) => {
      const [r, g, b] = color.match(/[\\d.]+/g).map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = light(getComputedStyle(document.body).backgroundColor);
    return ${JSON.stringify(selectors)}.map((selector) => {
      const text = light(getComputedStyle(document.querySelector(selector)).color);
      return [selector, (Math.max(text, page) + 0.05) / (Math.min(text, page) + 0.05)];
    });
  })()`);
