import type { KubeObject } from '../manifest.ts';
import { inTexts } from '../resolve/json.ts';

/** `text` with one name for another where it stands as a word: `lab` in `clusters/lab` and `lab-redis`, not in `labels`. */
export const renamed = (text: string, from: string, to: string): string =>
  text.replace(
    new RegExp(`(?<![A-Za-z0-9])${from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![A-Za-z0-9])`, 'g'),
    () => to,
  );

/** The object as it would be under another name. */
export const named = (object: KubeObject, from: string, to: string) =>
  inTexts(object, (text) => (text.includes(from) ? renamed(text, from, to) : text)) as KubeObject;
