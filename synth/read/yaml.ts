import { CORE_SCHEMA, type LoadOptions, load, Type, YAMLException } from 'js-yaml';

// The API server's reader is YAML 1.1 with Go's numbers: `yes` and `on` are booleans, `0755` is octal, a date is a string.
// https://github.com/kubernetes-sigs/yaml and its resolver decide.

const YES = /^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const NO = /^(?:n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;
const INTEGER = /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[\da-fA-F_]+|\d[\d_]*)$/;

const bool = new Type('tag:yaml.org,2002:bool', {
  kind: 'scalar',
  resolve: (text: string) => YES.test(text) || NO.test(text),
  construct: (text: string) => YES.test(text),
});

const int = new Type('tag:yaml.org,2002:int', {
  kind: 'scalar',
  resolve: (text: string) => INTEGER.test(text),
  construct: (text: string) => {
    const [, sign, digits = ''] = /^([-+]?)(.*)$/.exec(text.replaceAll('_', ''))!;
    const value = Number(digits.replace(/^0(?=[0-7]+$)/, '0o'));
    return sign === '-' ? -value : value;
  },
});

const scalar = (name: string, resolve: (text: string) => boolean) =>
  new Type(`tag:yaml.org,2002:${name}`, { kind: 'scalar', resolve });

const SCHEMA = CORE_SCHEMA.extend({
  implicit: [bool, int, scalar('merge', (text) => text === '<<')],
  explicit: [scalar('binary', () => true)],
});

/** Why a document cannot be read, and the line, from 1, on which that shows. */
export interface Fault {
  readonly rule: 'yaml-syntax' | 'duplicate-key';
  readonly reason: string;
  readonly line: number;
}

/** Reads one document. A key given twice is a fault, but the document is read on: its last value counts. */
export function readYaml(text: string): { readonly value?: unknown; readonly fault?: Fault } {
  const strict = attempt(text, {});
  if (strict.fault?.reason !== 'duplicated mapping key') return strict;
  // `json` lets the last of two keys win, as JSON does; what else is wrong with the document may stand below them.
  const lenient = attempt(text, { json: true });
  if (lenient.fault) return lenient;
  const { line } = strict.fault;
  const [, key] = /^[\s-]*["']?([^\s"':]+)["']?\s*:/.exec(text.split('\n')[line - 1] ?? '') ?? [];
  const reason = key ? `"${key}" is given twice` : 'a key is given twice';
  return { ...lenient, fault: { rule: 'duplicate-key', reason, line } };
}

function attempt(text: string, options: LoadOptions): { readonly value?: unknown; readonly fault?: Fault } {
  try {
    return { value: within(load(text, { schema: SCHEMA, ...options })) };
  } catch (error) {
    const { reason, line } =
      error instanceof YAMLException
        ? { reason: error.reason, line: (error.mark?.line ?? 0) + 1 }
        : { reason: String((error as Error).message), line: 1 };
    return { fault: { rule: 'yaml-syntax', reason, line } };
  }
}

const LIMIT = 1_000_000;

/** Aliases of aliases make a small text into a huge object; the API server refuses it, and walking it would never end. */
function within(root: unknown): unknown {
  const sizes = new Map<object, number>();
  const size = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 1;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    // Counted while it is open: an alias inside its own anchor has no end at all.
    sizes.set(value, LIMIT);
    let sum = 1;
    for (const item of Object.values(value)) sum += size(item);
    sizes.set(value, sum);
    return sum;
  };
  if (size(root) > LIMIT) throw new Error(`its aliases expand to more than ${LIMIT.toLocaleString('en')} values`);
  return root;
}
