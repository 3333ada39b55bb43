import { isIP } from 'node:net';
import { rangeOf } from './addresses.ts';

/** What a text has to look like, and how to say so. */
export interface Format {
  /** Names get their own rule: they are what a person chose. */
  readonly name?: true;
  readonly says: string;
  test(value: string | number): boolean;
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?';

const text = (pattern: RegExp, says: string, most = Infinity): Format => ({
  says: most === Infinity ? says : `${says}, at most ${most} characters`,
  test: (value) => pattern.test(`${value}`) && `${value}`.length <= most,
});
const name = (pattern: string, says: string, most?: number): Format => ({
  ...text(new RegExp(`^(${pattern})$`), says, most),
  name: true,
});
const whole = (least: number, most: number): Format => ({
  says: `a whole number from ${least} to ${most}`,
  test: (value) => typeof value !== 'number' || (value >= least && value <= most),
});

const port = whole(1, 65535);
const subdomain = name(
  `${LABEL}(\\.${LABEL})*`,
  'lower case letters, digits, - and ., starting and ending with a letter or digit',
  253,
);
const ianaName = name(
  '(?!.*--)(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?',
  'lower case letters, digits and single -, with a letter',
  15,
);
const qualified = name(QUALIFIED, 'letters, digits, -, _ and ., starting and ending with a letter or digit', 63);

const labelKey: Format = {
  name: true,
  says: `a name (${qualified.says}), after a DNS name and / where it has a prefix`,
  test: (value) => {
    const parts = `${value}`.split('/');
    return parts.length < 3 && qualified.test(parts.at(-1)!) && (parts.length === 1 || subdomain.test(parts[0]!));
  },
};

/**
 * Formats of imports/schemas/: those of OpenAPI as the API server's decoders read them, and those that stand in its Go code only.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/, https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export const formats: Readonly<Record<string, Format>> = {
  int32: whole(-(2 ** 31), 2 ** 31 - 1),
  byte: {
    says: 'base64',
    test: (value) =>
      /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(`${value}`.replace(/[\r\n]/g, '')),
  },
  'date-time': text(
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/,
    'a time such as 2026-01-31T00:00:00Z',
  ),
  quantity: text(
    /^[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/,
    'a quantity such as 500m, 2 or 1.5Gi',
  ),
  amount: text(
    /^\+?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/,
    'a quantity that is not negative, such as 500m, 2 or 1.5Gi',
  ),
  percent: {
    says: 'a whole number from 0, or a percentage such as 25%',
    test: (value) => (typeof value === 'number' ? value >= 0 : /^\d+%$/.test(value)),
  },
  'pod-field': text(
    /^(metadata\.(name|namespace|uid|labels(\['.+'\])?|annotations(\['.+'\])?)|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/,
    "a field of the pod such as metadata.name, metadata.labels['app'], spec.nodeName or status.podIP",
  ),
  'time-zone': {
    says: 'a time zone such as Etc/UTC or Europe/Berlin',
    test: (value) => zone(`${value}`),
  },
  cidr: {
    says: 'an address range such as 10.0.0.0/8',
    test: (value) => `${value}`.includes('/') && rangeOf(`${value}`) !== undefined,
  },
  ipv4: { says: 'an IPv4 address', test: (value) => isIP(`${value}`) === 4 },
  ipv6: { says: 'an IPv6 address', test: (value) => isIP(`${value}`) === 6 },
  port,
  'port-or-name': {
    says: `${port.says}, or the name of a port: ${ianaName.says}`,
    test: (value) => (typeof value === 'number' ? port : ianaName).test(value),
  },
  'target-port': {
    says: `${port.says}, or the name of a port: ${ianaName.says}`,
    test: (value) => !value || (typeof value === 'number' ? port : ianaName).test(value),
  },
  'port-name': ianaName,
  'environment-name': name('[ -<>-~]+', 'printable ASCII without ='),
  'data-key': name('(?!\\.\\.?$)(?!\\.\\.)[-._a-zA-Z0-9]+', 'letters, digits, -, _ and .', 253),
  label: name(LABEL, 'lower case letters, digits and -, starting and ending with a letter or digit', 63),
  label1035: name('[a-z]([-a-z0-9]*[a-z0-9])?', 'lower case letters, digits and -, starting with a letter', 63),
  subdomain,
  host: name(`(\\*\\.)?${LABEL}(\\.${LABEL})*`, 'a DNS name, perhaps with *. before it', 253),
  path: name('(?!\\.\\.?$)[^/%]+', 'anything but /, %, . and ..'),
  'label-value': name(
    `(${QUALIFIED})?`,
    'empty, or letters, digits, -, _ and ., starting and ending with a letter or digit',
    63,
  ),
  'label-key': labelKey,
  'annotation-key': { ...labelKey, test: (value) => labelKey.test(`${value}`.toLowerCase()) },
  resource: {
    name: true,
    says: 'cpu, memory, ephemeral-storage, hugepages-<size>, or a name with a domain and /',
    test: (value) =>
      /^(cpu|memory|storage|ephemeral-storage|hugepages-.+)$/.test(`${value}`) ||
      (`${value}`.includes('/') && labelKey.test(value)),
  },
};

/** The API server looks for a file of that name, where upper and lower case differ; JavaScript takes both. */
function zone(name: string) {
  // A first DateTimeFormat takes ten milliseconds to load its tables.
  if (name === 'Etc/UTC') return true;
  if (!name.split('/').every((part) => /^[A-Z]/.test(part))) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
