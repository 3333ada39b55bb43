import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { loadAll } from 'js-yaml';
import type { Node } from '../../../imports/environment.ts';
import { toYaml } from '../../../synth/emit.ts';
import type { Manifest } from '../../../synth/manifest.ts';
import { parse } from '../../../synth/read/documents.ts';
import { resolve } from '../../../synth/resolve.ts';
import type { Page } from '../../../synth/review/page.ts';
import { reviewOf } from '../../../synth/review/review.ts';
import { textPage } from '../../../synth/review/text.ts';

// Small trees before and after a change, and the page that a reviewer should see. `npm run review:accept` writes the
// pages anew; whoever does that reads the difference.

/** One case; what is not given is empty. */
export interface Case {
  readonly case: string;
  /** Where it went wrong for somebody. */
  readonly thread?: string;
  /** konflate's name for the caution. */
  readonly konflate?: string;
  readonly nodes?: readonly Node[];
  /** Objects of both trees. */
  readonly both?: string;
  readonly before?: string;
  readonly after?: string;
  readonly text: string;
  readonly json: Page;
}

const folder = new URL('./cases/', import.meta.url);

export const files = readdirSync(folder).sort();
export const casesOf = (file: string) => loadAll(readFileSync(new URL(file, folder), 'utf8')) as readonly Case[];
export const write = (file: string, cases: readonly Case[]) =>
  writeFileSync(new URL(file, folder), cases.map((each) => toYaml(each)).join('---\n'));

/** The page as a file has it, whatever the terminal. */
export const plainText = (page: Page) => `${stripVTControlCharacters(textPage(page))}\n`;

/** Every object stands under Flux Kustomization `apps`, which prunes, unless a comment above it names another, or none. */
const APPS = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/home/apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
`;

function manifestsOf(text: string): Manifest[] {
  const hasApps = /name: "?apps"?, namespace: "?flux-system"?/.test(text);
  const { documents, findings } = parse([text, hasApps ? '' : APPS].join('---\n'), 'clusters/home/apps.yaml');
  if (findings.length) throw new Error(JSON.stringify(findings));
  const lines = text.split('\n');
  return documents.map(({ object, file, line }): Manifest => {
    const [, named] = /^# kustomization: (.*)$/.exec(lines[line - 2] ?? '') ?? [];
    const isFlux = object.kind === 'Kustomization';
    const kustomization = named === 'none' || isFlux ? undefined : (named ?? 'flux-system/apps');
    return { object, path: `${file}:${line}`, chart: 'home', unit: file, file: { file, line }, kustomization };
  });
}

export function pageOf({ both, before, after, nodes }: Omit<Case, 'text' | 'json'>): Page {
  const index = (text = '') => {
    const all = [both, text].filter(Boolean).join('---\n');
    return resolve(
      { manifests: manifestsOf(all), declared: [] },
      { provides: [], closed: false, cluster: nodes && { nodes } },
    );
  };
  return reviewOf(index(before), index(after), { environment: 'home' });
}
