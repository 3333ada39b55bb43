import { markedIn } from './images.ts';

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
  const marks = [...files].flatMap(([path, text]) => markedIn(text).map((mark) => ({ path, text, ...mark })));
  const imageIn = (stage: string, policy: string) => {
    const [, name = ''] = policy.split(':');
    return name.startsWith(`${stage}-`) ? name.slice(stage.length + 1) : undefined;
  };
  const tested = new Map(marks.map(({ policy, tag }) => [imageIn(from, policy), tag]));
  const changed = new Map<string, string>();
  const promotions = new Map<string, Promotion>();
  // From the end, so that positions before stay right.
  for (const { path, text, at, policy, tag } of marks.toReversed()) {
    const image = imageIn(to, policy);
    const next = image && tested.get(image);
    if (!image || !tag || !next || next === tag || (only && !only.includes(image))) continue;
    const now = changed.get(path) ?? text;
    changed.set(path, now.slice(0, at) + now.slice(at).replace(`:${tag}`, `:${next}`));
    promotions.set(image, { image, from: tag, to: next });
  }
  const images = new Set(marks.flatMap(({ policy }) => imageIn(to, policy) ?? []));
  return {
    files: changed,
    promotions: [...promotions.values()].toReversed(),
    unknown: (only ?? [to].filter(() => !images.size)).filter((image) => !images.has(image)),
  };
}
