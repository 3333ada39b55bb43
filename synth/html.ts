// What every page that the commands write has in common: one file, no network, dark and light, safe from its own content.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and inside attributes. */
export const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

/** Colours by what they mean, in both schemes; each is readable as text on the page. */
export const PALETTE = `
:root { color-scheme: light dark; --page: #fff; --text: #1c2128; --quiet: #59636e; --line: #d1d9e0; --red: #b42318; --amber: #8a5a00; --blue: #0b5cad; --green: #1a7f37; --violet: #6639ba; --code: #f3f5f7 }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --text: #e3e8ee; --quiet: #9aa6b2; --line: #333c46; --red: #ff8479; --amber: #e8b04a; --blue: #79b8ff; --green: #5fce7c; --violet: #c3a5ff; --code: #20262d } }
`;

const BASE = `${PALETTE}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.3rem; margin: 0 0 .5rem }
h2 { margin: 0 }
a { color: var(--blue) }
.skip { position: absolute; left: -100vw }
.skip:focus { left: 1rem }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0 }
summary:focus-visible, a:focus-visible, button:focus-visible, input:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px }
ul { margin: 0; padding-left: 1.2rem }
li { margin: .2rem 0; overflow-wrap: anywhere }
pre, code, kbd { background: var(--code); border-radius: .25rem; font: .85rem/1.45 ui-monospace, monospace; padding: 0 .25rem }
pre { overflow-x: auto; padding: .5rem }
input, button { background: var(--page); border: 1px solid var(--line); border-radius: .4rem; color: inherit; font: inherit; padding: .2rem .5rem }
[hidden] { display: none !important }
@media print { .tools, .keys, .skip { display: none } }
`;

export interface Document {
  readonly title: string;
  /** Comes after the common style. @default - none */
  readonly style?: string;
  /** What is between the tags of body, escaped where it has to be. */
  readonly body: string;
  /** @default - none */
  readonly script?: string;
}

/** A whole file: it may load nothing, from nowhere. */
export const documentOf = ({ title, style = '', body, script }: Document): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${BASE}${style}</style>
</head>
<body>
${body}
${script ? `<script>${script}</script>\n` : ''}</body>
</html>
`;
