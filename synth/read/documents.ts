import { isNamespaced } from '../../imports/kinds.ts';
import type { Finding, KubeObject } from '../manifest.ts';
import { groupOf } from '../manifest.ts';
import { type Json, map, text as textOf } from '../resolve/json.ts';
import { itemLines } from './position.ts';
import { readYaml } from './yaml.ts';

/** A Kubernetes object as a file has it. */
export interface Document {
  readonly object: KubeObject;
  /** Relative to the root. */
  readonly file: string;
  /** First line of the document, or of the List's item, from 1. */
  readonly line: number;
  /** Names it had before a kustomization changed them: patches may still call it so. */
  readonly former?: readonly string[];
  /** `namespace/name` of the Flux Kustomization that applies it. */
  readonly kustomization?: string;
}

/** One file. */
export interface Parsed {
  readonly documents: readonly Document[];
  /** What its documents hold, Kubernetes objects or not, in their order. */
  readonly values: readonly unknown[];
  readonly findings: readonly Finding[];
  /** It holds Go or Jinja templates: text that is no YAML before it is rendered. */
  readonly template: boolean;
}

/**
 * Reads every document of a file. YAML that cannot be a Kubernetes object (no apiVersion and kind) is passed over,
 * faults and all, unless `all` asks for them.
 */
export function parse(source: string, file: string, all = false): Parsed {
  const documents: Document[] = [];
  const values: unknown[] = [];
  const findings: Finding[] = [];
  let template = false;
  for (const { text, line } of split(source.replace(/^\uFEFF/, ''))) {
    if (!all && !isMaybe(text)) continue;
    const { value, fault } = file.endsWith('.json') ? (readJson(text) ?? readYaml(text)) : readYaml(text);
    if (fault) {
      if (fault.rule === 'yaml-syntax' && TEMPLATE.test(text)) {
        template = true;
        continue;
      }
      const fix =
        fault.rule === 'duplicate-key'
          ? 'keep one of them'
          : 'write valid YAML: spaces for indentation, quotes around special characters';
      findings.push({
        rule: fault.rule,
        severity: 'error',
        object: file,
        file,
        line: line + fault.line - 1,
        message: fault.reason,
        fix,
      });
    }
    if (value === undefined || value === null) continue;
    // `{{ x }}` is a mapping with a mapping for its key: no YAML of any object.
    if (TEMPLATE.test(text) && JSON.stringify(value).includes('"[object Object]":')) {
      template = true;
      continue;
    }
    values.push(value);
    const items = itemsOf(map(value));
    const lines = items && itemLines(text);
    for (const [number, item] of (items ?? [value]).entries()) {
      const at = lines ? line - 1 + (lines[number] ?? 1) : line + leading(text);
      const read = toObject(map(item));
      if (typeof read === 'string') findings.push({ ...NAMELESS, object: `${read} in ${file}`, file, line: at });
      else if (read && TEMPLATE.test(read.metadata.name)) template = true;
      else if (read) documents.push({ object: read, file, line: at });
    }
  }
  return { documents, values, findings, template };
}

const isMaybe = (text: string) => /["']?apiVersion["']?\s*:/.test(text) && /["']?kind["']?\s*:/.test(text);
const TEMPLATE = /\{\{|\{%/;

const NAMELESS = {
  rule: 'missing-name',
  severity: 'error',
  message: 'it has no metadata.name',
  fix: 'name it',
} as const;

/** Documents begin after a line `---`, wherever it stands: not even a block scalar may hold one at the margin. */
function* split(source: string): Iterable<{ readonly text: string; readonly line: number }> {
  const mark = /^---(?=[ \t\r\n]|$)/gm;
  let start = 0;
  let line = 1;
  const piece = (end: number) => {
    const text = source.slice(start, end).replace(/^---/, '   ');
    const found = { text, line };
    for (let i = source.indexOf('\n', start); i >= 0 && i < end; i = source.indexOf('\n', i + 1)) line += 1;
    start = end;
    return found;
  };
  for (let match = mark.exec(source); match; match = mark.exec(source)) {
    if (match.index > start) yield piece(match.index);
  }
  yield piece(source.length);
}

/** Lines of comments and blanks, and the separator's own, before the first value. */
const leading = (text: string) => (/^(?:[ \t]*(?:#.*)?\r?\n)*/.exec(text)?.[0].match(/\n/g) ?? []).length;

function readJson(text: string) {
  try {
    return { value: JSON.parse(text) as unknown, fault: undefined };
  } catch {
    return undefined;
  }
}

/** The items of a `List`, which is no object itself. */
const itemsOf = ({ apiVersion, kind, items }: Json) =>
  apiVersion && typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)
    ? (items as unknown[])
    : undefined;

/** Files of tools that look like objects and never reach an API server. */
const TOOLS =
  /^(?:builtin|skaffold|.*\.config\.k8s\.io|config\.kubernetes\.io|audit\.k8s\.io|client\.authentication\.k8s\.io|(?:kubeadm|kind\.x|kops|minikube\.sigs)[-.]k8s\.io|kops\.k8s\.io|.*\.?(?:kpt|ctlptl)\.dev|k3d\.io|k0s\.k0sproject\.io|eksctl\.io|backstage\.io|controller-runtime\.sigs\.k8s\.io)$/;

/** The object, its kind where it lacks a name, nothing where it is none. */
function toObject(value: Json): KubeObject | string | undefined {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  const group = groupOf(apiVersion);
  if (TOOLS.test(group) || (!group && (apiVersion !== 'v1' || kind === 'Config')) || TEMPLATE.test(apiVersion + kind))
    return undefined;
  const { sops, ...rest } = value;
  const metadata = map(value.metadata);
  const name =
    textOf(metadata.name) ?? (typeof metadata.name === 'number' ? `${metadata.name}` : textOf(metadata.generateName));
  // A file of some tool may look like an object; only of a kind the API server has is it surely meant as one.
  if (!name) return isNamespaced(apiVersion, kind) === undefined ? undefined : kind;
  const object = { ...rest, metadata: { ...metadata, name } } as unknown as KubeObject;
  return sops ? (decrypted(object, kind === 'Secret') as KubeObject) : object;
}

/** SOPS leaves keys readable; what Flux will put in place of a value is not known, only that `data` is base64 then. */
function decrypted(value: unknown, secret: boolean, field = ''): unknown {
  if (typeof value === 'string')
    return value.startsWith('ENC[') ? (secret && field === 'data' ? '' : '${ENCRYPTED}') : value;
  if (Array.isArray(value)) return value.map((item) => decrypted(item, secret, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decrypted(item, secret, field || key)]));
}
