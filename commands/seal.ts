import { createPublicKey, randomInt, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENVIRONMENT, SEALED, TAGS } from '../imports/environment.ts';
import type { Sealed } from '../imports/relations.ts';
import { toYaml } from '../synth/emit.ts';
import type { Declared } from '../synth/manifest.ts';
import { readTree } from '../synth/publish.ts';
import { render } from '../synth/render.ts';
import { type Format, jsonOf, textOf } from '../synth/report.ts';
import {
  checkSealed,
  type SealedFile,
  sealedFiles,
  sealedGaps,
  sealedPath,
  sealedSecretOf,
  sealSecret,
} from '../synth/seal.ts';
import { clusters, environmentNames, load, Refusal } from './project.ts';

export interface SealOptions {
  /** `KEY=path`, the value being the file's content. */
  readonly fromFile?: readonly string[];
  readonly cert?: string;
  /** Replace values that may be made up and are sealed already. */
  readonly regenerate?: boolean;
  readonly format: Format;
}

/**
 * Seals the values of one Secret with the cluster's certificate: from files, from stdin (`KEY=VALUE` per line), made up
 * where the charts say that they may be. Values never stand on the command line, where every user of the machine and
 * the shell's history would see them. Keys that are given no value keep the one they have.
 */
export async function seal(wanted: string, secret: string | undefined, options: SealOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const files = sealedFiles(readTree(clusters, name), name);
  const { declared } = render(await load(name), {
    [ENVIRONMENT]: await load(name),
    [TAGS]: new Map(),
    [SEALED]: new Map(),
  });
  const all = declared.flatMap(({ sealed }) => sealed ?? []);
  if (!secret) return list(name, declared, files, options.format);

  const target = all.find(({ namespace, name: id }) => `${namespace}/${id}` === secret);
  if (!target) {
    const names = all.map(({ namespace, name: id }) => `${namespace}/${id}`);
    throw new Refusal(`${secret}: ${name} reads no such sealed Secret; it reads ${names.join(', ') || 'none'}`);
  }
  const current = sealedSecretOf(files, target);
  const sealedKeys = Object.keys((current?.spec as { encryptedData?: object } | undefined)?.encryptedData ?? {});
  const values = {
    ...madeUp(target, options.regenerate ? [] : sealedKeys),
    ...fromFiles(options.fromFile ?? []),
    ...fromStdin(),
  };
  const unknown = Object.keys(values).filter((key) => !target.keys.includes(key));
  if (unknown.length) throw new Refusal(`${unknown.join(', ')}: no key of ${secret}; it has ${target.keys.join(', ')}`);

  const path = join(clusters, name, sealedPath(target));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, toYaml(sealSecret(target, values, certificateOf(name, options.cert), current)));
  const missing = target.keys.filter((key) => !(key in values) && !sealedKeys.includes(key));
  const file = `clusters/${name}/${sealedPath(target)}`;
  if (options.format === 'json') {
    console.log(jsonOf({ environment: name, secret, file, sealed: Object.keys(values), missing }));
  } else {
    console.log(`sealed ${Object.keys(values).join(', ') || 'nothing'} into ${file}`);
    if (missing.length) {
      console.log(
        `still missing: ${missing.join(', ')}; pipe them in: printf '%s\\n' KEY=VALUE | npm run seal -- ${name} ${secret}`,
      );
    }
  }
  if (missing.length) process.exitCode = 1;
}

function list(name: string, declared: readonly Declared[], files: readonly SealedFile[], format: Format) {
  const findings = checkSealed(name, declared, files);
  if (format === 'json') {
    const missing = sealedGaps(declared, files).map(({ namespace, name: id, keys, source }) => ({
      secret: `${namespace}/${id}`,
      keys,
      source,
    }));
    console.log(jsonOf({ environment: name, missing, findings }));
  } else {
    console.log(textOf(findings) || `${name}: every Secret is sealed`);
  }
  if (findings.length) process.exitCode = 1;
}

function certificateOf(environment: string, cert = join(clusters, environment, 'secrets/certificate.pem')) {
  if (!existsSync(cert)) {
    throw new Refusal(
      `${cert}: no certificate to seal with; fetch it once, and commit it: mkdir -p clusters/${environment}/secrets && kubeseal --controller-namespace sealed-secrets --fetch-cert > clusters/${environment}/secrets/certificate.pem`,
    );
  }
  const pem = readFileSync(cert, 'utf8');
  try {
    return pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
  } catch (error) {
    throw new Refusal(`${cert}: is no PEM certificate (${(error as Error).message}); fetch it anew`);
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits only: safe in every URL, shell and connection string. */
const madeUp = ({ generate = {} }: Sealed, present: readonly string[]) =>
  Object.fromEntries(
    Object.entries(generate)
      .filter(([key]) => !present.includes(key))
      .map(([key, length]) => [
        key,
        Buffer.from(Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')),
      ]),
  );

function fromFiles(pairs: readonly string[]): Record<string, Buffer> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key, path] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (!key || !path) throw new Refusal(`--from-file ${pair}: write it as KEY=path`);
      if (!existsSync(path)) throw new Refusal(`--from-file ${pair}: ${path} does not exist`);
      return [key, readFileSync(path)];
    }),
  );
}

function fromStdin(): Record<string, Buffer> {
  if (process.stdin.isTTY) return {};
  const lines = readFileSync(0, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line, index) => {
      const [, key, value] = /^([-._A-Za-z0-9]+)=(.*)$/.exec(line) ?? [];
      // The line itself may be a value, so it is not repeated.
      if (!key || !value) throw new Refusal(`stdin, line ${index + 1}: is not KEY=VALUE with a value`);
      return [key, Buffer.from(value)];
    }),
  );
}
