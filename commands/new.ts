import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Format, jsonOf } from '../synth/report.ts';
import { newEnvironment, newService, newSystem, type Scaffold } from '../synth/scaffold.ts';
import { Refusal, refusing, root } from './project.ts';

const at = (path: string) => join(root, path);

export interface NewOptions {
  readonly format: Format;
}

function create(scaffold: () => Scaffold, { format }: NewOptions) {
  const { files, next } = refusing(scaffold);
  const taken = Object.keys(files).filter((path) => existsSync(at(path)));
  if (taken.length) throw new Refusal(`${taken.join(', ')}: is there already; choose another name`);
  refusing(() => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
    }
  });
  const written = Object.keys(files);
  if (format === 'json') return console.log(jsonOf({ files: written, next }));
  for (const path of written) console.log(`wrote ${path}`);
  console.log(`next:\n${next.map((step) => `  ${step}`).join('\n')}`);
}

export const createEnvironment = (name: string, options: NewOptions) => create(() => newEnvironment(name), options);

export const createSystem = (name: string, options: NewOptions) => create(() => newSystem(name), options);

export function createService(system: string, name: string, options: NewOptions) {
  if (!existsSync(at(`charts/${system}/${system}.ts`))) {
    throw new Refusal(`charts/${system}/${system}.ts: no such system; npm run new -- system ${system} makes it`);
  }
  create(() => newService(system, name), options);
}
