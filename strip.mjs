// Lets `node --import ./strip.mjs main.ts` run TypeScript on Node 20. Newer Node strips types by itself, and needs the
// hooks only to load edited modules again in watch mode.
import module, { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

if (!process.features.typescript || process.argv.includes('--watch')) register('./strip-hooks.mjs', import.meta.url);

// Node 20 optimizes early and throws much of it away again: left at 66 kB of bytecode, that is a quarter of a synth.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');

// Node 22.1 and newer keeps what it stripped and compiled: without that it strips every file anew in every run.
module.enableCompileCache?.(fileURLToPath(new URL('./node_modules/.cache/compiled', import.meta.url)));
