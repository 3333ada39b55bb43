import { markedIn } from './images.ts';
import { type Promoted, retagged } from './promote.ts';

export interface Promotion {
  /** Of the image, without the stage: `vinylvault-backend`. */
  readonly image: string;
  readonly from: string;
  readonly to: string;
}

/**
 * The committed files of an environment with the tags of stage `to` made those of stage `from`. Stages are the first part of
 * a policy's name, as `prefix` of OwnImages puts it there: `flux-system:staging-vinylvault-backend`. Files by path; those
 * that stay as they are are left out, as are images that run in one stage alone.
 */
export function promoteStage(
  files: ReadonlyMap<string, string>,
  { from, to, only }: { readonly from: string; readonly to: string; readonly only?: readonly string[] },
): { files: Map<string, string>; promotions: Promotion[]; unknown: string[] } {
  const marks = [...files.values()].flatMap(markedIn);
  const imageIn = (stage: string, policy: string) => {
    const [, name = ''] = policy.split(':');
    return name.startsWith(`${stage}-`) ? name.slice(stage.length + 1) : undefined;
  };
  const tested = new Map(marks.map(({ policy, tag }) => [imageIn(from, policy), tag]));
  const promoted = new Map<string, Promoted & { readonly image: string }>();
  for (const { policy, tag: before } of marks) {
    const image = imageIn(to, policy);
    const after = image && tested.get(image);
    if (!image || !before || !after || after === before || (only && !only.includes(image))) continue;
    promoted.set(policy, { image, policy, before, after });
  }
  const now = retagged(files, [...promoted.values()]);
  const images = new Set(marks.flatMap(({ policy }) => imageIn(to, policy) ?? []));
  return {
    files: new Map([...now].filter(([path, text]) => text !== files.get(path))),
    promotions: [...promoted.values()].map(({ image, before, after }) => ({ image, from: before, to: after })),
    unknown: (only ?? [to].filter(() => !images.size)).filter((image) => !images.has(image)),
  };
}
