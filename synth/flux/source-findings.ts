import { posix } from 'node:path';
import { loadAll } from 'js-yaml';
import { artifactPlace, FLUX_SYSTEM } from '../../imports/source.ts';
import type { Tree } from '../compare.ts';
import { type Finding, groupOf, type KubeObject } from '../manifest.ts';
import { isGenerated } from '../ownership.ts';
import { at, text, texts } from '../resolve/json.ts';
import { type SourceFacts, syncObjects, syncPath } from './source.ts';

const RULE = 'flux-source';

/**
 * Refuses a place that no registry would take, hand-owned files whose root reads from elsewhere than what is rendered here (all
 * below the root would then wait for a source that nobody makes), and those that need what an artifact does not hold.
 */
export function sourceFindings(environment: SourceFacts, tree: Tree): Finding[] {
  const findings = impossible(environment);
  for (const [path, content] of tree) {
    if (isGenerated(content)) continue;
    if (path.startsWith(`${environment.name}/${FLUX_SYSTEM}/`)) findings.push(...otherRoot(environment, path, content));
    if (environment.repository.kind === 'oci') findings.push(...outside(environment.name, path, content));
  }
  return findings;
}

const error = (object: string, message: string, fix: string, file?: string): Finding => ({
  rule: RULE,
  severity: 'error',
  object,
  message,
  fix,
  ...(file ? { file: `clusters/${file}` } : {}),
});

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HOST = /^[A-Za-z0-9.-]+(:\d+)?$/;

function impossible(environment: SourceFacts): Finding[] {
  const place = artifactPlace(environment);
  if (!place) return [];
  const { host, name, tag } = place;
  const object = `charts/environments/${environment.name}.ts`;
  const findings: Finding[] = [];
  if (!HOST.test(host) || !NAME.test(name)) {
    const fix =
      'a host and lower-case names, in registry.prefix and artifact: registry.example.org:5000/team and fleet';
    findings.push(error(object, `repository: ${host}/${name} is no place in a registry`, fix));
  }
  if (!TAG.test(tag)) {
    findings.push(error(object, `repository: "${tag}" is no tag`, 'letters, digits, . _ and -, such as homelab'));
  }
  return findings;
}

/** What has to agree; an address of git has many spellings. */
const AGREED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  OCIRepository: [
    ['spec', 'url'],
    ['spec', 'ref', 'tag'],
  ],
  Kustomization: [
    ['spec', 'sourceRef', 'kind'],
    ['spec', 'path'],
  ],
};

function otherRoot(environment: SourceFacts, path: string, content: string): Finding[] {
  // Half a megabyte of controllers lies beside it.
  if (!/^kind: (Git|OCI)Repository$/m.test(content)) return [];
  const [source, root] = syncObjects(environment) as [KubeObject, KubeObject];
  const messages = (object: KubeObject): string[] => {
    const { kind } = object;
    if (/^(Git|OCI)Repository$/.test(kind) && kind !== source.kind) {
      return [`is what the root reads from, and the environment's repository makes it ${source.kind}`];
    }
    return (AGREED[kind] ?? []).flatMap((field) => {
      const [theirs, ours] = [object, kind === 'Kustomization' ? root : source].map((each) => text(at(each, ...field)));
      if (theirs?.replace(/^\.\//, '') === ours?.replace(/^\.\//, '')) return [];
      return [`${field.join('.')} is ${theirs ?? 'missing'}, and the environment's repository makes it ${ours}`];
    });
  };
  const { name } = environment;
  const fix = `npm run --silent source -- ${name} > clusters/${syncPath(name)}; commit it, push, and apply it once by kubectl: docs/artifacts.md`;
  return documents(content)
    .filter(({ metadata }) => metadata?.name === FLUX_SYSTEM)
    .flatMap((object) =>
      messages(object).map((message) => error(`${object.kind} ${FLUX_SYSTEM}/${FLUX_SYSTEM}`, message, fix, path)),
    );
}

/** Fields of a kustomization with paths of other files and folders. */
const LISTS = ['resources', 'components', 'configurations', 'crds', 'transformers', 'generators', 'validators'];

/** An artifact holds `clusters/<env>` alone. */
function outside(environment: string, path: string, content: string): Finding[] {
  const fix = `move it below clusters/${environment}`;
  const refused = (object: string, what: string) =>
    error(object, `takes ${what}, and an artifact holds clusters/${environment} alone`, fix, path);
  if (/(^|\/)kustomization\.ya?ml$/.test(path)) {
    if (!content.includes('../')) return [];
    return documents(content)
      .flatMap((list) => LISTS.flatMap((field) => texts(at(list, field))))
      .filter(
        (entry) => entry.startsWith('../') && !posix.join(posix.dirname(path), entry).startsWith(`${environment}/`),
      )
      .map((entry) => refused(`clusters/${path}`, entry));
  }
  if (!content.includes('kustomize.toolkit.fluxcd.io/')) return [];
  return documents(content).flatMap((object) => {
    if (object.kind !== 'Kustomization' || groupOf(object.apiVersion) !== 'kustomize.toolkit.fluxcd.io') return [];
    if (text(at(object, 'spec', 'sourceRef', 'name')) !== FLUX_SYSTEM) return [];
    const taken = posix.normalize(text(at(object, 'spec', 'path')) ?? '.');
    const isInside = `${taken}/`.startsWith(`clusters/${environment}/`);
    return isInside ? [] : [refused(`Kustomization ${object.metadata?.name}`, taken)];
  });
}

function documents(content: string): KubeObject[] {
  try {
    return (loadAll(content) as (KubeObject | null)[]).filter((object): object is KubeObject => !!object?.kind);
  } catch {
    return [];
  }
}
