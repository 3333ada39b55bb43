// Loki's own program is not built here: what its chart is given is held against the reference of its configuration.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import homelab from '../../charts/environments/homelab.ts';
import lab from '../../charts/environments/lab.ts';
import dev from '../../charts/environments/neotool-dev.ts';
import prod from '../../charts/environments/neotool-prod.ts';
import studio from '../../charts/environments/studio.ts';
import type { Environment } from '../../imports/environment.ts';
import { type Plain, rendered } from './environment.ts';

type Fields = Readonly<Record<string, string>>;

const { source: _, ...sections } = JSON.parse(
  readFileSync(new URL('./loki-configuration.json', import.meta.url), 'utf8'),
) as Record<string, Fields>;

/** Sections of Loki's configuration by the names that its chart has for them. */
const SECTIONS: Readonly<Record<string, string>> = {
  analytics: 'analytics',
  commonConfig: 'common',
  compactor: 'compactor',
  limits_config: 'limits_config',
};

/** Of what the chart itself makes the rest. */
const CHARTS_OWN = new Set(['auth_enabled', 'storage', 'schemaConfig']);

const FORMS: Readonly<Record<string, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === 'boolean',
  int: Number.isInteger,
  float: (value) => typeof value === 'number',
  string: (value) => typeof value === 'string',
  duration: (value) => /^(\d+(ms|[smhdwy]))+$/.test(`${value}`),
  daytime: (value) => /^\d{4}-\d\d-\d\d$/.test(`${value}`),
  'list of strings': (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  'list of attributes_configs': (value) =>
    Array.isArray(value) && value.every((each) => faultsIn(each, sections['attributes_config']!).length === 0),
};

function faultsIn(value: object, fields: Fields, path = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = path ? `${path}.${key}` : key;
    const type = fields[at];
    if (type) return FORMS[type]?.(inner) ? [] : [`${at}: ${JSON.stringify(inner)} is no ${type}`];
    const isMap = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return isMap && Object.keys(fields).some((field) => field.startsWith(`${at}.`))
      ? faultsIn(inner, fields, at)
      : [`${at}: no such field`];
  });
}

function faultsOf(loki: Plain): string[] {
  return [
    ...Object.keys(loki).flatMap((key) => (SECTIONS[key] || CHARTS_OWN.has(key) ? [] : [`${key}: not looked at`])),
    ...Object.entries(SECTIONS).flatMap(([key, section]) => faultsIn(loki[key] ?? {}, sections[section]!)),
    ...loki.schemaConfig.configs.flatMap((config: object) => faultsIn(config, sections['period_config']!)),
  ];
}

const valuesOf = (environment: Environment) =>
  rendered(environment).find('HelmRelease', 'loki', 'loki').spec.values.loki;

describe.each([studio, homelab, lab, dev, prod].map((environment) => [environment.name, environment] as const))(
  "Loki's configuration on %s",
  (_, environment) => {
    test('has only fields that Loki knows, each of the form that it reads', () => {
      expect(faultsOf(valuesOf(environment))).toEqual([]);
    });
  },
);

test('a field that Loki does not know is seen, and one of another form', () => {
  const loki = structuredClone(valuesOf(studio));
  loki.limits_config.retention_periods = '7d';
  loki.limits_config.reject_old_samples_max_age = 'a week';
  loki.schemaConfig.configs[0].index.prefixes = 'index';
  loki.limits_config.otlp_config.resource_attributes.attributes_config[0].labels = [];
  expect(faultsOf(loki).map((fault) => fault.split(':')[0])).toEqual([
    'otlp_config.resource_attributes.attributes_config',
    'reject_old_samples_max_age',
    'retention_periods',
    'index.prefixes',
  ]);
});
