// A page of documentation, followed to the letter: its commands run, its edits applied, what is printed compared.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Result } from './container.ts';

export interface Block {
  /** `console`, `sh`, `diff`, `ts`. */
  readonly language: string;
  /** What stands after the language: the file that is edited, or `exit 1`. */
  readonly words: string;
  /** Of its first line in the page, counted from 1. */
  readonly line: number;
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)(?: (.*))?\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language, 2: words, 3: text, index }) => ({
      language: language!,
      words: words ?? '',
      line: page.slice(0, index).split('\n').length + 1,
      text: text!,
    }),
  );
}

/** Each command with what the page says it prints. */
export function commandsOf({
  language,
  text,
}: Pick<Block, 'language' | 'text'>): { command: string; output: string }[] {
  const joined = text.replaceAll(/\\\n\s*/g, '');
  if (language === 'sh') {
    return joined.split('\n').flatMap((command) => (command ? [{ command, output: '' }] : []));
  }
  return joined
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...output] = part.split('\n');
      return { command: command!, output: output.join('\n') };
    });
}

/** What differs from run to run: times, commits; and where a reader has nothing to look up: lines of the platform's files. */
const masked = (text: string) =>
  text
    .replaceAll(/ +\d+ ms\b/g, ' 0 ms')
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b/g, '0000000')
    .replaceAll(/(charts\/platform\/[\w/-]+\.ts):\d+/g, '$1:0')
    .replaceAll(/[ \t]+$/gm, '')
    .trim();

/** Whether it was printed as the page has it, where `...` alone on a line stands for any lines. */
export function agrees(said: string, printed: string): boolean {
  const pattern = masked(said)
    .split('\n')
    .map((line) => (line === '...' ? '(?:.*\\n)*?.*' : line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('\\n');
  return new RegExp(`^${pattern}$`).test(masked(printed));
}

/** Replaces the one place in `text` that has the lines of the diff without those that it adds. */
export function patched(text: string, diff: string): string {
  const lines = diff.replace(/\n$/, '').split('\n');
  const side = (other: string) =>
    lines.flatMap((line) => (line.startsWith(other) ? [] : [`${line.slice(1)}\n`])).join('');
  const parts = text.split(side('+'));
  if (parts.length !== 2) throw new Error(`${parts.length - 1} places in the file for\n${diff}`);
  return parts.join(side('-'));
}

export interface Walk {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `kubectl` would do and print. */
  kubectl(command: string): Promise<Result>;
}

/** Answers the block as it should stand in the page. Throws where a command ends in another way than the page says. */
export async function follow({ folder, env, kubectl }: Walk, { language, words, text, line }: Block): Promise<string> {
  if (language === 'diff') {
    const file = join(folder, words);
    writeFileSync(file, patched(readFileSync(file, 'utf8'), text));
    return text;
  }
  if (language === 'ts') {
    mkdirSync(dirname(join(folder, words)), { recursive: true });
    writeFileSync(join(folder, words), text);
    return text;
  }
  if (language !== 'sh' && language !== 'console') throw new Error(`line ${line}: nobody runs a block of ${language}`);
  const code = Number(/^exit (\d+)$/.exec(words)?.[1] ?? 0);
  let answer = '';
  for (const { command, output } of commandsOf({ language, text })) {
    const result = command.startsWith('kubectl ') ? await kubectl(command) : await shell(command, folder, env);
    if (result.code !== code) throw new Error(`line ${line}: ${command} ended with ${result.code}\n${result.output}`);
    answer += `$ ${command}\n${agrees(output, result.output) ? output : `${result.output.trim()}\n`}`;
  }
  return language === 'sh' ? text : answer;
}

function shell(command: string, cwd: string, env: Walk['env']): Promise<Result> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? 1, output })));
}
