import { difference } from './difference.ts';
import type { Step } from './journal.ts';
import type { Finding } from './manifest.ts';
import { isGenerated, ownership } from './ownership.ts';

/** Files by path relative to the root, `clusters/`: `studio/notifi/event-processor.yaml`. */
export type Tree = ReadonlyMap<string, string>;

/** One environment as it stands and as it should. */
export interface Edition {
  readonly environment: string;
  /** From `readTree`, before anything was rendered. */
  readonly tree: Tree;
  readonly files: Tree;
  /** Hand-owned files and folders that the root kustomization lists, relative to the environment's folder. */
  readonly also?: readonly string[];
}

/** What publishing an edition would do; paths as in its trees. `synth --check` prints it and stops. */
export interface Comparison {
  readonly environment: string;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Written by synth, changed by hand since. */
  readonly edited: readonly string[];
  readonly unchanged: number;
  /** An error among them forbids publishing. */
  readonly findings: readonly Finding[];
  readonly steps: readonly Step[];
}

export interface CompareOptions {
  /** The folder the paths are relative to, as findings name it. @default clusters */
  readonly root?: string;
  /** Files that may be replaced or removed whoever wrote them. */
  readonly overwrite?: ReadonlySet<string>;
}

/** Folders of an environment that belong to Flux and to people. */
const HAND_OWNED = /^[^/]+\/(?:flux-system|secrets)\//;
const LEGAL = /^[^/.][^/]*(?:\/[^/.][^/]*)+\.yaml$/;

/** Compares both trees of an edition. Pure; parses no file that stays as it is. */
export function compare(
  { environment, tree, files, also = [] }: Edition,
  { root = 'clusters', overwrite = new Set() }: CompareOptions = {},
): Comparison {
  const added: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  const edited: string[] = [];
  const findings: Finding[] = [];
  const steps: Step[] = [];
  let unchanged = 0;
  const report = (path: string, finding: Omit<Finding, 'object' | 'file'>) =>
    findings.push({ ...finding, object: path, file: `${root}/${path}` });

  for (const [path, after] of files) {
    if (HAND_OWNED.test(path) || !LEGAL.test(path) || !path.startsWith(`${environment}/`)) {
      report(path, {
        rule: 'reserved-path',
        severity: 'error',
        message:
          'is no place for a generated file: flux-system/, secrets/, names that start with a dot and other environments are not',
        fix: 'rename the chart or its child',
      });
      continue;
    }
    const before = tree.get(path);
    if (before === after || before?.replaceAll('\r\n', '\n') === after) {
      unchanged++;
    } else if (before === undefined) {
      added.push(path);
      steps.push({ path, after });
    } else {
      const owner = ownership(before, path);
      if (owner === 'owned' || owner === 'conflict' || overwrite.has(path)) {
        changed.push(path);
        steps.push({ path, before, after });
      } else if (owner === 'edited') {
        edited.push(path);
        report(path, editedByHand(root, path, `synth would write\n${indented(difference(before, after))}`));
      } else {
        report(path, {
          rule: 'foreign-file',
          severity: 'error',
          message: 'is in the way: synth would write this file, but did not make the one that is there',
          fix: `move it away (and list it in the environment's \`also\`), or replace it: npm run synth -- --overwrite ${root}/${path}`,
        });
      }
    }
  }

  const isListed = (path: string) =>
    also.some((listed) => `${path}/`.startsWith(`${environment}/${listed.replace(/^\.\/|\/$/g, '')}/`));
  for (const [path, before] of tree) {
    if (files.has(path) || HAND_OWNED.test(path)) continue;
    const owner = isGenerated(before) || before.startsWith('<<<<<<<') ? ownership(before, path) : 'foreign';
    if (owner === 'owned' || owner === 'conflict' || (owner === 'edited' && overwrite.has(path))) {
      removed.push(path);
      steps.push({ path, before });
    } else if (owner === 'edited') {
      edited.push(path);
      report(path, editedByHand(root, path, 'synth would remove it, because nothing renders it any more'));
    } else if (!isListed(path)) {
      report(path, {
        rule: 'unlisted-file',
        severity: 'warning',
        message: 'is applied by nobody: synth did not make it, and the environment does not list it',
        fix: "list it, or its folder, in the environment's `also`, or delete it",
      });
    }
  }
  return { environment, added, changed, removed, edited, unchanged, findings, steps };
}

const editedByHand = (root: string, path: string, instead: string) => ({
  rule: 'foreign-edit',
  severity: 'error' as const,
  message: `was edited after synth wrote it; ${instead}`,
  fix: `make the edit in TypeScript, then drop it here: git checkout -- ${root}/${path}, or, if it is committed, npm run synth -- --overwrite ${root}/${path}`,
});

const indented = (text: string) => text.replaceAll(/^/gm, '    ');
