import { existsSync, readFileSync } from 'node:fs';
import type { Node } from '../imports/environment.ts';
import { readNodes } from '../synth/read/nodes.ts';
import { Refusal, refusing } from './project.ts';

/** The nodes in the file that `--nodes` names. */
export function nodesIn(file: string): Node[] {
  if (!existsSync(file)) throw new Refusal(`--nodes ${file}: no such file`);
  return refusing(() => readNodes(readFileSync(file, 'utf8'), file));
}
