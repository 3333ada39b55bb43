import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENVIRONMENT, SEALED, TAGS } from '../imports/environment.ts';
import { toYaml } from '../synth/emit.ts';
import type { Declared } from '../synth/manifest.ts';
import { readTree } from '../synth/publish.ts';
import { render } from '../synth/render.ts';
import { type Format, jsonOf, textOf } from '../synth/report.ts';
import { checkSealed } from '../synth/seal/findings.ts';
import {
  type Credential,
  credentialsOf,
  faultsOf,
  type SealedFile,
  sealedFiles,
  sealedGaps,
  sealedPath,
  sealedSecretOf,
  sealSecret,
} from '../synth/seal.ts';
import { described, whole } from './described.ts';
import { clusters, environmentNames, Refusal, refusing } from './project.ts';
import { hiddenPrompt } from './prompt.ts';
import {
  assigned,
  checkValues,
  fromEnvFile,
  fromFiles,
  fromStdin,
  missingOf,
  nameOf,
  type Values,
  valuesOf,
} from './seal-values.ts';

export interface SealOptions {
  /** `KEY=path`, the value being the file's content. */
  readonly fromFile?: readonly string[];
  /** File of `KEY=VALUE` lines. */
  readonly fromEnvFile?: string;
  /** Every Secret that is not sealed yet. */
  readonly all?: boolean;
  readonly cert?: string;
  /** Replace values that may be made up and are sealed already. */
  readonly regenerate?: boolean;
  readonly format: Format;
}

/** Where the files are, and what seals them. */
interface Place {
  readonly environment: string;
  readonly files: readonly SealedFile[];
  readonly key: KeyObject;
}

/** What became of one Secret; of several namespaces, by the first. */
interface Outcome {
  readonly secret: string;
  readonly files: readonly string[];
  readonly sealed: readonly string[];
  readonly missing: readonly string[];
}

/**
 * Seals Secrets with the cluster's certificate: one, or all that are not sealed yet. Values come from files, from stdin,
 * are asked for at a terminal, or made up where the charts say that they may be. They never stand on the command line, where
 * every user of the machine and the shell's history would see them. Keys that are given no value keep the one they have,
 * and a Secret that several namespaces read gets the same values in each.
 */
export async function seal(wanted: string, secret: string | undefined, options: SealOptions) {
  const [environment] = environmentNames([wanted]) as [string];
  const files = sealedFiles(readTree(clusters, environment), environment);
  const literal = await described(environment);
  const { declared } = whole(render(literal, { [ENVIRONMENT]: literal, [TAGS]: new Map(), [SEALED]: new Map() }));
  const all = options.all || (!secret && options.fromEnvFile !== undefined);
  if (!secret && !all) return list(environment, declared, files, options.format);
  // What cannot be read may be what would be kept.
  const faults = faultsOf(environment, files);
  if (faults.length) throw new Refusal(textOf(faults));

  const credentials = credentialsOf(declared, files);
  const target = secret ? credentialNamed(secret, environment, credentials) : undefined;
  const place = { environment, files, key: certificateOf(environment, options.cert) };
  const outcomes = target
    ? [await sealOne(place, target, secret!, options)]
    : await sealAll(place, credentials, options);
  print(environment, outcomes, secret, options.format);
  if (outcomes.some(({ missing }) => missing.length)) process.exitCode = 1;
}

/** The values of one may be replaced; a person who gives none is asked for each. */
async function sealOne(place: Place, credential: Credential, secret: string, options: SealOptions): Promise<Outcome> {
  const { regenerate } = options;
  const given: Values = {
    ...assigned(linesOf(options), [credential]).get(credential),
    ...fromFiles(options.fromFile ?? []),
    ...fromStdin(),
  };
  const { keys } = credential;
  const unknown = Object.keys(given).filter((key) => !keys.includes(key));
  if (unknown.length) throw new Refusal(`${unknown.join(', ')}: no key of ${secret}; it has ${keys.join(', ')}`);

  const prompt = promptAtTerminal();
  const thorough = !regenerate && !Object.keys(given).length;
  const values = await valuesOf(credential, { given, regenerate, prompt, thorough });
  prompt?.close();
  const shared = missingOf(credential, values).filter(
    (key) => credential.halfSealed.has(key) && key in credential.generate,
  );
  if (shared.length) {
    console.error(`${shared.join(', ')}: one namespace has it; give that value, or a new one for all by --regenerate`);
  }
  return { ...write(place, credential, values), secret };
}

/** Only what is not sealed yet: the same values, given twice, change nothing the second time. */
async function sealAll(place: Place, credentials: readonly Credential[], options: SealOptions): Promise<Outcome[]> {
  if (options.fromFile || options.regenerate) {
    throw new Refusal('--from-file and --regenerate are for one Secret; name it, <namespace>/<name>');
  }
  const open = credentials.flatMap((credential) => {
    const keys = credential.keys.filter((key) => !credential.sealed.has(key));
    return keys.length ? [{ ...credential, keys }] : [];
  });
  const given = assigned(linesOf(options), open);
  const prompt = promptAtTerminal();
  const outcomes: Outcome[] = [];
  for (const credential of open) {
    const values = await valuesOf(credential, { given: given.get(credential) ?? {}, prompt });
    outcomes.push(
      Object.keys(values).length
        ? write(place, credential, values)
        : { secret: nameOf(credential), files: [], sealed: [], missing: credential.keys },
    );
  }
  prompt?.close();
  return outcomes;
}

function print(environment: string, outcomes: readonly Outcome[], secret: string | undefined, format: Format) {
  if (format === 'json') return console.log(jsonOf({ environment, ...(secret ? outcomes[0] : { secrets: outcomes }) }));
  for (const { sealed, files } of outcomes) {
    if (files.length) console.log(`sealed ${sealed.join(', ') || 'nothing'} into ${files.join(', ')}`);
  }
  const open = outcomes.filter(({ missing }) => missing.length);
  if (secret && open.length) {
    const pipe = `printf '%s\\n' KEY=VALUE | npm run seal -- ${environment} ${secret}`;
    console.log(`still missing: ${open[0]!.missing.join(', ')}; pipe them in: ${pipe}`);
  } else if (open.length) {
    console.log(['still missing:', ...open.map((each) => `${each.secret}: ${each.missing.join(', ')}`)].join('\n    '));
  } else if (!secret) console.log(`${environment}: every Secret is sealed`);
}

const linesOf = ({ fromEnvFile: path }: SealOptions): ReadonlyMap<string, Buffer> =>
  path === undefined ? new Map() : fromEnvFile(path);

const promptAtTerminal = () => (process.stdin.isTTY ? hiddenPrompt() : undefined);

function write({ environment, files, key }: Place, credential: Credential, values: Values): Outcome {
  checkValues(credential, values);
  const objects = credential.copies.flatMap((copy) => {
    const current = sealedSecretOf(files, copy);
    // Without a value its labels can be put right, and that is all.
    if (!current && !Object.keys(values).length) return [];
    const path = sealedPath(copy);
    if (current && current.path !== path) {
      throw new Refusal(
        `${copy.namespace}/${copy.name}: is sealed in ${current.path}; move it to ${path}, or it would be there twice`,
      );
    }
    return [{ path, object: refusing(() => sealSecret(copy, values, key, current?.object)) }];
  });
  for (const { path, object } of objects) {
    const file = join(clusters, environment, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, toYaml(object));
  }
  return {
    secret: nameOf(credential),
    files: objects.map(({ path }) => `clusters/${environment}/${path}`),
    sealed: Object.keys(values),
    missing: missingOf(credential, values),
  };
}

function credentialNamed(secret: string, environment: string, credentials: readonly Credential[]): Credential {
  const copies = ({ copies }: Credential) => copies.map(({ namespace, name }) => `${namespace}/${name}`);
  const found = credentials.find((credential) => copies(credential).includes(secret));
  if (found) return found;
  const names = credentials.flatMap(copies);
  throw new Refusal(`${secret}: ${environment} reads no such sealed Secret; it reads ${names.join(', ') || 'none'}`);
}

function list(environment: string, declared: readonly Declared[], files: readonly SealedFile[], format: Format) {
  const findings = checkSealed(environment, declared, files);
  if (format === 'json') {
    const missing = sealedGaps(declared, files).map(({ namespace, name, keys, source }) => ({
      secret: `${namespace}/${name}`,
      keys,
      source,
    }));
    console.log(jsonOf({ environment, missing, findings }));
  } else {
    console.log(textOf(findings) || `${environment}: every Secret is sealed`);
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
