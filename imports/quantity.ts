/** Read as part of the number: 3800 times 0.001 is 3.8000000000000003. */
const DECIMAL: Readonly<Record<string, string>> = {
  n: 'e-9',
  u: 'e-6',
  m: 'e-3',
  '': '',
  k: 'e3',
  M: 'e6',
  G: 'e9',
  T: 'e12',
  P: 'e15',
  E: 'e18',
};

const BINARY: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const FORM = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/;

/**
 * Cores or bytes: `500m` is 0.5, `1Gi` is 1073741824; undefined for what the API server would not read.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function quantity(value: unknown): number | undefined {
  if (typeof value !== 'string') return typeof value === 'number' ? value : undefined;
  if (!read.has(value)) read.set(value, parsed(value));
  return read.get(value);
}

/** The same few are asked for over and over. */
const read = new Map<string, number | undefined>();

function parsed(value: string): number | undefined {
  const [, digits, exponent, suffix = ''] = FORM.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const times = BINARY[suffix];
  return times ? Number(digits) * times : Number(digits + (exponent ?? DECIMAL[suffix]));
}

/** Bytes for people: `1.5Gi`. */
export const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)}Gi`;
