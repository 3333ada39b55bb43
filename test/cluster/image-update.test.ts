import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emitFile } from '../../synth/emit.ts';
import type { KubeObject } from '../../synth/manifest.ts';
import { ownership } from '../../synth/ownership.ts';
import fc from '../property.ts';
import { nastyObject } from '../synth/nasty.ts';
import { built } from './targets.ts';

const image = 'ghcr.io/acme/app:1.4.2';
const bumped = 'ghcr.io/acme/app:1.5.0';
const marks = new Map([[image, '{"$imagepolicy": "flux-system:app"}']]);
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app' },
  spec: {
    template: {
      spec: {
        containers: [
          { name: 'a', image },
          { image, name: 'b', args: [image, `${image}-debug`] },
        ],
      },
    },
  },
};

/**
 * The update code rewrites keys with line breaks or of more than 128 bytes, which Kubernetes refuses or nobody has, and
 * texts that start with a byte order mark.
 */
const isKept = (value: unknown): boolean => {
  if (typeof value === 'string') return !value.startsWith('\ufeff');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(
    ([key, value]) => !/[\n\r\x85\u2028\u2029]|^\ufeff/.test(key) && Buffer.byteLength(key) <= 128 && isKept(value),
  );
};

const COUNT = 4_000;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-update-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('Flux’s image automation', () => {
  test(`changes nothing but the tag in ${COUNT} files of random documents, and leaves them synth's`, () => {
    const objects = fc.sample(nastyObject.filter(isKept), COUNT) as unknown as KubeObject[];
    const files = objects.map((object, i) => {
      const path = `studio/notifi/unit-${i}.yaml`;
      const documents = [
        [deployment, object],
        [object, deployment],
        [object, deployment, object],
      ][i % 3]!;
      return {
        path,
        at: join(folder, `${i}.yaml`),
        text: emitFile({ path, source: 'charts/a.ts', objects: documents, marks }),
      };
    });
    for (const { at, text } of files) writeFileSync(at, text);
    execFileSync(join(built('image-update'), 'image-update'), [folder, `flux-system:app=${bumped}`]);
    for (const { path, at, text } of files) {
      const written = readFileSync(at, 'utf8');
      expect(written).toBe(text.replaceAll(`${image} #`, `${bumped} #`));
      expect(ownership(written, path)).toBe('owned');
    }
  });
});
