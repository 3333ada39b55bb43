import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiObject, App } from 'cdk8s';
import { type IConstruct, Node } from 'constructs';
import { jsonOf } from '../imports/api-object.ts';
import { RELATION, type Relation } from '../imports/relations.ts';
import {
  ADVICE,
  type Declared,
  type Finding,
  type KubeObject,
  type Manifest,
  type Origin,
  type Rendered,
} from './manifest.ts';

/** What rendering needs of an environment: its name, and the systems that fill the app. */
export interface Renderable<E> {
  readonly name: string;
  readonly systems: readonly ((app: App, environment: E) => void)[];
}

/**
 * Builds the cdk8s app of one environment and returns its plain objects, each with its construct path and the line
 * that made its unit, and a finding for everything that a construct refused or a chart threw.
 * `thrown` are those that ended a system before its end: what it had not come to is missing.
 * `context` is put on the app: the environment itself, committed tags, digests of sealed files. Nothing is written.
 */
export function render<E extends Renderable<E>>(
  environment: E,
  context: Readonly<Record<string, unknown>>,
): Rendered & { readonly findings: readonly Finding[]; readonly thrown: readonly Finding[] } {
  const app = new App();
  for (const [key, value] of Object.entries(context)) app.node.setContext(key, value);

  const manifests: Manifest[] = [];
  const declared: Declared[] = [];
  const findings: Finding[] = [];
  const failures: Finding[] = [];

  const origins = withOrigins(() => {
    for (const system of environment.systems) {
      try {
        system(app, environment);
      } catch (error) {
        failures.push(thrown(environment.name, error));
      }
    }
  });
  collect(app, { chart: environment.name, unit: '', source: undefined });
  for (const chart of app.node.children) {
    collect(chart, { chart: chart.node.id, unit: '', source: origins.get(chart) });
    for (const unit of chart.node.children) {
      const place = { chart: chart.node.id, unit: unit.node.id, source: origins.get(unit) };
      for (const construct of unit.node.findAll()) collect(construct, place);
    }
  }
  return { manifests, declared, findings: [...failures, ...findings], thrown: failures };

  function collect(construct: IConstruct, place: Omit<Declared, 'path'>) {
    const { node } = construct;
    const path = node.path || environment.name;
    for (const message of node.validate()) findings.push(refusal(path, message, place.source));
    for (const { type, data } of node.metadata) {
      if (type !== RELATION) continue;
      const { warnings = [], ...relation } = data as Relation;
      declared.push({ ...relation, ...place, path });
      for (const message of warnings) {
        findings.push({ ...refusal(path, message, place.source), rule: ADVICE, severity: 'warning' });
      }
    }
    if (!ApiObject.isApiObject(construct)) return;
    try {
      const isStock = construct.toJson === ApiObject.prototype.toJson;
      manifests.push({ ...place, path, object: (isStock ? jsonOf(construct) : construct.toJson()) as KubeObject });
    } catch (error) {
      findings.push({ ...thrown(path, error), source: place.source });
    }
  }
}

/** What the constructs library says of an id that is given twice, in the words of a refusal. */
const TWICE = /^There is already a Construct with name '(.+?)' in \w+(?: \[(.+)\])?$/;

const refusal = (object: string, message: string, source?: Origin): Finding => {
  const [problem = message, ...fix] = message.split('; ');
  return { rule: 'refused', severity: 'error', object, source, message: problem, fix: fix.join('; ') };
};

/** A finding of what was thrown, at the first line of its stack that a person wrote. */
export function thrown(object: string, error: unknown): Finding {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  const frames = stack.split('\n').map((line) => /(?:\(|at |async )((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(line));
  const [, url, line] =
    frames.find((match) => match && isCaller(match[1]!)) ?? / imported from (\S+)$/.exec(message) ?? [];
  const source = url && { file: pathOf(url), line: Number(line ?? 1) };
  const [, id, scope = object] = TWICE.exec(message) ?? [];
  const text = id ? `${id}: is there twice in ${scope}; give one of them another id` : message.replaceAll(root, '');
  return refusal(object, text, source || undefined);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const paths = new Map<string, string>();

/** Relative to the repository; remembered, because every unit asks about the same dozen files. */
function pathOf(url: string): string {
  const known = paths.get(url);
  if (known !== undefined) return known;
  const path = relative(root, url.startsWith('file:') ? fileURLToPath(url) : url).replaceAll('\\', '/');
  paths.set(url, path);
  return path;
}

/** A person's file: outside of Node, libraries, constructs and the engine. */
const isCaller = (url: string) =>
  !url.startsWith('node:') &&
  !/^((commands|constructs|imports|synth)\/|main|run|strip)|(^|\/)node_modules\//.test(pathOf(url));

/**
 * Notes the line of every chart and unit that `build` makes. Units only: one stack per file of output costs a few
 * percent of a render, one per object would cost half of it. Every construct, stock cdk8s ones included, passes
 * `Node.addChild`, so this is the one place that sees them all.
 */
function withOrigins(build: () => void): Map<IConstruct, Origin | undefined> {
  const origins = new Map<IConstruct, Origin | undefined>();
  const prototype = Node.prototype as unknown as { addChild(child: IConstruct, id: string): void };
  const { addChild } = prototype;
  prototype.addChild = function (this: Node, child, id) {
    addChild.call(this, child, id);
    if (!this.scope?.node.scope) origins.set(child, callSite());
  };
  try {
    build();
  } finally {
    prototype.addChild = addChild;
  }
  return origins;
}

/** The nearest frame that a person wrote. */
function callSite(): Origin | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 24;
  Error.prepareStackTrace = (_, frames) => frames;
  const frames = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  const frame = frames.find((site) => isCaller(site.getFileName() ?? 'node:'));
  return frame && { file: pathOf(frame.getFileName()!), line: frame.getLineNumber() ?? 1 };
}
