import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Credential } from '../synth/seal.ts';
import { Refusal } from './project.ts';
import type { Prompt } from './prompt.ts';

export type Values = Readonly<Record<string, Buffer>>;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits only: safe in every URL, shell and connection string. */
const madeUp = (length: number) =>
  Buffer.from(Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''));

/** Values of files, `KEY=path` each. */
export function fromFiles(pairs: readonly string[]): Values {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key, path] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (!key || !path) throw new Refusal(`--from-file ${pair}: write it as KEY=path`);
      if (!existsSync(path)) throw new Refusal(`--from-file ${pair}: ${path} does not exist`);
      return [key, readFileSync(path)];
    }),
  );
}

/** What is piped in; nothing at a terminal. */
export function fromStdin(): Values {
  if (process.stdin.isTTY) return {};
  return Object.fromEntries(
    linesOf(readFileSync(0, 'utf8')).map(([line, number]) => {
      const [, key, value] = /^([-._A-Za-z0-9]+)=(.*)$/.exec(line) ?? [];
      // The line itself may be a value, so it is not repeated.
      if (!key || !value) throw new Refusal(`stdin, line ${number}: is not KEY=VALUE with a value`);
      return [key, Buffer.from(value)];
    }),
  );
}

/**
 * A file of `KEY=VALUE` lines, as programs have beside them: `export` before and quotes around are left out, as are keys
 * without a value. Everything else is the value, also what looks like a comment behind it. A key may have its Secret
 * before it, `notifi/stripe/STRIPE_KEY`.
 */
export function fromEnvFile(path: string): ReadonlyMap<string, Buffer> {
  if (!existsSync(path)) throw new Refusal(`--from-env-file ${path}: does not exist`);
  const values = new Map<string, Buffer>();
  for (const [line, number] of linesOf(readFileSync(path, 'utf8'))) {
    const [, key, written] = /^\s*(?:export\s+)?((?:[-.\w]+\/[-.\w]+\/)?[-.\w]+)=(.*?)\s*$/.exec(line) ?? [];
    if (!key || written === undefined) throw new Refusal(`${path}:${number}: is not KEY=VALUE`);
    const value = /^(['"])(.*)\1$/.exec(written)?.[2] ?? written;
    if (value) values.set(key, Buffer.from(value));
  }
  return values;
}

const linesOf = (text: string): [line: string, number: number][] =>
  text
    .split(/\r?\n/)
    .map((line, index): [string, number] => [line, index + 1])
    .filter(([line]) => line.trim() && !line.trimStart().startsWith('#'));

export interface Source {
  readonly given: Values;
  /** Make up anew what may be, though it is sealed. */
  readonly regenerate?: boolean;
  /** Somebody to ask. @default - nobody */
  readonly prompt?: Prompt;
  /** Also ask for what could be made up, and, where nothing is missing, for what could stay. @default false */
  readonly thorough?: boolean;
}

/** The values to seal of one credential: given, asked for, or made up. Nothing for what stays as it is. */
export async function valuesOf(credential: Credential, { given, regenerate = false, prompt, thorough }: Source) {
  const { keys, sealed, halfSealed, generate, copies } = credential;
  const isComplete = keys.every((key) => sealed.has(key));
  const values: Record<string, Buffer> = {};
  for (const key of keys) {
    const length = generate[key];
    const isMissing = !sealed.has(key);
    // Another value than the one that a namespace has already would lock somebody out.
    const isFree = length !== undefined && (regenerate || (isMissing && !halfSealed.has(key)));
    let value = given[key];
    if (!value && prompt && !(regenerate && isFree) && (thorough ? isMissing || isComplete : isMissing && !isFree)) {
      const otherwise = isFree ? `made up, ${length} characters` : isMissing ? 'later' : 'as it is';
      value = await answerTo(prompt, `${copies[0]!.namespace}/${credential.name} ${key} (Enter: ${otherwise}): `);
    }
    if (!value && isFree) value = madeUp(length);
    if (value) values[key] = value;
  }
  return values;
}

/** A value, or a file's content for `@path`, which is the way in for what has lines. */
async function answerTo(prompt: Prompt, question: string): Promise<Buffer | undefined> {
  const answer = await prompt.ask(question);
  if (!answer?.startsWith('@')) return answer ? Buffer.from(answer) : undefined;
  const path = answer.slice(1);
  if (existsSync(path)) return readFileSync(path);
  return answerTo(prompt, `${path} does not exist. ${question}`);
}

/** Lines of a file by the credential that each is of; what none of them has is for somebody else, and said. */
export function assigned(
  lines: ReadonlyMap<string, Buffer>,
  credentials: readonly Credential[],
): Map<Credential, Values> {
  const values = new Map<Credential, Record<string, Buffer>>();
  const passed: string[] = [];
  const unclear: string[] = [];
  for (const [line, value] of lines) {
    const [key = '', ...address] = line.split('/').reverse();
    const secret = address.reverse().join('/');
    const meant = credentials.filter(
      ({ keys, copies }) =>
        keys.includes(key) && (!secret || copies.some(({ namespace, name }) => `${namespace}/${name}` === secret)),
    );
    if (meant.length > 1) {
      unclear.push(`${key}: is a key of ${meant.map(nameOf).join(', ')}; write it as ${nameOf(meant[0]!)}/${key}=...`);
    }
    if (!meant.length) passed.push(line);
    for (const credential of meant) values.set(credential, { ...values.get(credential), [key]: value });
  }
  if (unclear.length) throw new Refusal(unclear.join('\n'));
  if (passed.length) console.error(`passed over, no key that is waited for: ${passed.join(', ')}`);
  return values;
}

/** Refuses what the API server would, once it is opened. */
export function checkValues(credential: Credential, values: Values) {
  const login = values['.dockerconfigjson'];
  if (credential.type !== 'kubernetes.io/dockerconfigjson' || !login) return;
  try {
    if (JSON.parse(login.toString()).auths) return;
  } catch {
    // Said below, without the value.
  }
  throw new Refusal(
    `${nameOf(credential)}: .dockerconfigjson is no {"auths": ...}; kubectl create secret docker-registry --dry-run=client -o json prints one, in base64`,
  );
}

/** Keys that stay without a value. */
export const missingOf = ({ keys, sealed }: Credential, values: Values) =>
  keys.filter((key) => !(key in values) && !sealed.has(key));

/** The first of its copies stands for all. */
export const nameOf = ({ copies: [first], name }: Credential) => `${first!.namespace}/${name}`;
