import { FIRM } from '../flux/findings.ts';
import { MOVED } from '../flux/moved.ts';
import { RENAMED } from '../flux/renamed.ts';
import { ADVICE, type Finding, type KubeObject, type Manifest, nameOf, type Severity } from '../manifest.ts';
import type { Index } from '../resolve.ts';
import { budgetRules } from './budgets.ts';
import { Exceptions } from './exceptions.ts';
import { fitRules } from './fit.ts';
import { fixedSettingRules } from './fixed-settings.ts';
import { identityRules } from './identity.ts';
import { imageRules } from './images.ts';
import { immutableRules } from './immutable.ts';
import { ingressRules } from './ingresses.ts';
import { meshRules } from './mesh.ts';
import { monitoringRules } from './monitoring.ts';
import { networkRules } from './network.ts';
import { placementRules } from './placement.ts';
import { platformRules } from './platforms.ts';
import { podRules } from './pods.ts';
import { portRules } from './ports.ts';
import { probeRules } from './probes.ts';
import { rbacRules } from './rbac.ts';
import { referenceRules } from './references.ts';
import { resourceRules } from './resources.ts';
import type { Context, Problem, Rule } from './rule.ts';
import { scalingRules } from './scaling.ts';
import { securityRules } from './security.ts';
import { selectorRules } from './selectors.ts';
import { shapeRules } from './shape.ts';
import { storageRules } from './storage.ts';
import { variableRules } from './variables.ts';
import { volumeRules } from './volumes.ts';

/** Every rule, by family: identity, references, shape, admission, network. */
export const rules: readonly Rule[] = [
  ...identityRules,
  ...immutableRules,
  ...fixedSettingRules,
  ...fitRules,
  ...referenceRules,
  ...portRules,
  ...selectorRules,
  ...ingressRules,
  ...shapeRules,
  ...podRules,
  ...imageRules,
  ...probeRules,
  ...variableRules,
  ...volumeRules,
  ...storageRules,
  ...resourceRules,
  ...scalingRules,
  ...budgetRules,
  ...rbacRules,
  ...monitoringRules,
  ...securityRules,
  ...placementRules,
  ...platformRules,
  ...networkRules,
  ...meshRules,
];

export interface CheckOptions {
  /** The object of that identity as it is committed now. @default - nothing is */
  readonly committed?: (id: string) => KubeObject | undefined;
  /** The line of a field in a YAML file whose document starts at `line`. @default - the document's */
  readonly lineOf?: (file: string, line: number, field: string) => number;
  /** Those that other parts of a synth have asked before. @default - what the index declares */
  readonly exceptions?: Exceptions;
}

/** What `allow` may name beside the rules. */
const ACCEPTABLE = new Set([...rules.map(({ name }) => name), ADVICE, MOVED, RENAMED]);

/** Runs every rule. What a declared exception covers is only mentioned; an exception that covers nothing is a finding. */
export function check(
  index: Index,
  { committed = () => undefined, lineOf, exceptions = new Exceptions(index.declared) }: CheckOptions = {},
): Finding[] {
  const context: Context = { index, committed, closed: index.world.closed };
  const findings: Finding[] = [];
  for (const rule of rules) {
    for (const problem of rule.check(context)) {
      const { manifest, severity = rule.severity, message, fix } = problem;
      const object = `${manifest.object.apiVersion} ${nameOf(manifest.object)}`;
      const finding = { rule: rule.name, severity, object, ...placeOf(problem, lineOf), message, fix };
      findings.push(exceptions.accept(finding, manifest.path));
    }
  }
  return [...findings, ...exceptions.unused(ACCEPTABLE, FIRM)].sort(
    (a, b) => RANK[a.severity] - RANK[b.severity] || compare(a.object, b.object) || compare(a.rule, b.rule),
  );
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function placeOf(
  { manifest, field }: Problem,
  lineOf: CheckOptions['lineOf'],
): Pick<Finding, 'file' | 'line' | 'source'> {
  const { file, source }: Manifest = manifest;
  if (!file) return { source };
  return { file: file.file, line: field && lineOf ? lineOf(file.file, file.line, field) : file.line, source };
}
