import type { Sealed } from '../../imports/relations.ts';
import { groupBy } from '../group-by.ts';
import { type Declared, type Finding, nameOf } from '../manifest.ts';
import { faultsOf, isOf, type Parsed, parse, type SealedFile, scopeOf, sealedGaps } from '../seal.ts';

/**
 * Compares the Secrets that the charts need sealed with the sealed files that are there: one list of those that are
 * missing or lack keys, with the command that makes them; an error for a file that no consumer could ever read.
 */
export function checkSealed(
  environment: string,
  declared: readonly Declared[],
  files: readonly SealedFile[],
): Finding[] {
  const present = parse(files);
  const wanted = declared.flatMap(({ sealed, source }) => (sealed ? [{ ...sealed, source }] : []));

  const gaps = sealedGaps(declared, files).map(({ namespace, name, keys, source }) => {
    const place = source ? ` (${source.file}:${source.line})` : '';
    return `${namespace}/${name}: ${keys.join(', ')}${place}`;
  });
  const missing: Finding[] = gaps.length
    ? [
        {
          rule: RULE,
          severity: 'warning',
          object: `clusters/${environment}/secrets`,
          message: `${gaps.length === 1 ? '1 Secret is not sealed yet, and the pods that read it' : `${gaps.length} Secrets are not sealed yet, and the pods that read them`} do not start:\n    ${gaps.join('\n    ')}`,
          fix: `npm run seal -- ${environment} --all, or one by one: <namespace>/<name>`,
        },
      ]
    : [];

  const unreadable = present.flatMap((file): Finding[] => {
    const { object } = file;
    const template = object.spec.template?.metadata;
    const wrong = (['namespace', 'name'] as const).filter(
      (field) => template?.[field] && template[field] !== object.metadata[field],
    );
    const stranger = !wanted.some(
      ({ namespace, name }) => namespace === object.metadata.namespace && name === object.metadata.name,
    );
    const elsewhere = wanted.find(({ name }) => name === object.metadata.name);
    if (!wrong.length && !(stranger && elsewhere)) return [];
    const message = wrong.length
      ? `its template names another ${wrong.join(' and ')}; a sealed value opens only under the one it was sealed for`
      : `nothing reads it in namespace ${object.metadata.namespace}; ${elsewhere!.namespace}/${elsewhere!.name} is what is read`;
    const fix = `delete it and run npm run seal -- ${environment} ${(elsewhere ?? object.metadata).namespace}/${object.metadata.name}`;
    return [of(environment, file, 'error', message, fix)];
  });
  return [
    ...faultsOf(environment, files),
    ...missing,
    ...unreadable,
    ...unlabelled(environment, wanted, present),
    ...present.flatMap((file) => [...misshapen(environment, file), ...wide(environment, file)]),
    ...twice(environment, present),
  ];
}

const RULE = 'sealed-secret';

/** What is wrong with one sealed file. */
const of = (
  environment: string,
  { object, path }: Parsed,
  severity: Finding['severity'],
  message: string,
  fix: string,
): Finding => ({ rule: RULE, severity, object: nameOf(object), file: `clusters/${environment}/${path}`, message, fix });

/** Length of the wrapped session key in two bytes, that key, and at least the tag of what it encrypts. */
function isSealedValue(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return false;
  const bytes = Buffer.from(value, 'base64');
  const wrapped = bytes.length > 2 ? bytes.readUInt16BE(0) : 0;
  return wrapped >= 128 && bytes.length >= 2 + wrapped + 16;
}

function misshapen(environment: string, file: Parsed): Finding[] {
  const { object } = file;
  const wrong = Object.entries(object.spec.encryptedData ?? {}).filter(([, value]) => !isSealedValue(value));
  if (!wrong.length) return [];
  const { namespace, name } = object.metadata;
  const message = `${wrong.map(([key]) => key).join(', ')}: is no sealed value, and the controller opens none of the others either`;
  const fix = `if it is the value itself, it is known to all who read this repository: change it; then npm run seal -- ${environment} ${namespace}/${name}`;
  return [of(environment, file, 'error', message, fix)];
}

function wide(environment: string, file: Parsed): Finding[] {
  const { object } = file;
  const scope = scopeOf(object);
  if (!scope) return [];
  const { namespace, name } = object.metadata;
  const message = `is ${scope}: who may make a SealedSecret ${scope === 'cluster-wide' ? 'anywhere' : `in ${namespace}`} can have its values opened under a name of his own`;
  const fix = `npm run seal -- ${environment} ${namespace}/${name} with all its values seals it for this name alone`;
  return [of(environment, file, 'warning', message, fix)];
}

/** Two files of one Secret: which of them counts is a matter of chance. */
const twice = (environment: string, present: readonly Parsed[]): Finding[] =>
  [...groupBy(present, ({ object }) => nameOf(object)).values()].flatMap((files) => {
    const message = `is sealed twice, in ${files.map(({ path }) => path).join(' and ')}`;
    return files.length < 2 ? [] : [of(environment, files[1]!, 'error', message, 'keep one of them')];
  });

/** Sealed by hand, or before its reader asked for labels. */
const unlabelled = (environment: string, wanted: readonly Sealed[], present: readonly Parsed[]): Finding[] =>
  present.flatMap((file) => {
    const { object } = file;
    const { labels = {} } = wanted.find((each) => isOf(object, each)) ?? {};
    const has = object.spec.template?.metadata?.labels ?? {};
    const lacking = Object.entries(labels).filter(([key, value]) => has[key] !== value);
    if (!lacking.length) return [];
    const { namespace, name } = object.metadata;
    const message = `its template lacks ${lacking.map((label) => label.join('=')).join(', ')}, without which its reader does not find the Secret`;
    const fix = `npm run seal -- ${environment} ${namespace}/${name} adds the labels, and keeps the values`;
    return [of(environment, file, 'error', message, fix)];
  });
