import { Construct } from 'constructs';
import { ImagePolicy, ImageRepository } from '../imports/custom.ts';
import { type Arch, committedTag, environmentOf } from '../imports/environment.ts';
import { declare, type OwnImage, refuse } from '../imports/relations.ts';

/** A third-party image, `docker.io/library/redis:7.4.2`, or an own one whose tag image automation keeps. */
export type Image = string | OwnImage;

/**
 * Which of the pushed tags is the one to run:
 * - `semver`: the highest version in a range; `within` is an RE2 pattern whose group `version` is it, for tags that say
 *   more: `^v(?P<version>\d+\.\d+\.\d+)-[a-f0-9]{7}-prod$`. What is around the version does not count, so each build needs its own;
 * - `stamped`: the one with the highest number in the group `stamp` of an RE2 pattern, `^prod-[a-f0-9]+-(?P<stamp>\d+)$`.
 * @see https://fluxcd.io/flux/components/image/imagepolicies/
 */
export type TagRule = { readonly semver: string; readonly within?: string } | { readonly stamped: string };

export interface OwnImagesProps {
  /** @default - the highest version with the first tag's major number: a new major is a person's decision */
  readonly tags?: TagRule;
  /**
   * Who writes new tags: whoever the environment says, or `promotion`, a pull request that a person approves. Flux then has
   * no policy for the mark and leaves it alone. @default - as `imageTags` of the environment
   */
  readonly keptBy?: 'promotion';
  /** Put before the policies' names, where several charts run one image: `production`. @default - none */
  readonly prefix?: string;
  /** What they are built for. @default - both, as .github/workflows/service-image.yml builds them */
  readonly platforms?: readonly Arch[];
}

const BUILT_FOR: readonly Arch[] = ['amd64', 'arm64'];

const namespace = 'flux-system';

/**
 * The images that are built from our own sources. Renders an ImageRepository and an ImagePolicy per image it hands out,
 * where Flux keeps the tags; where CI does, nothing: it edits the same marker. The tag of the committed file wins over
 * the one given here. Refuses a tag that says nothing about order, unless a rule is given, and `latest`.
 */
export class OwnImages extends Construct {
  readonly #props: OwnImagesProps;
  readonly #images = new Map<string, OwnImage>();

  constructor(scope: Construct, id: string, props: OwnImagesProps = {}) {
    super(scope, id);
    this.#props = props;
  }

  /** The image `name` below the own registry's prefix; `first` is the tag until automation has written a newer one. */
  own(
    name: string,
    first: string,
    { tags = this.#props.tags, platforms }: Pick<OwnImagesProps, 'tags' | 'platforms'> = {},
  ): OwnImage {
    const { keptBy, prefix: chart } = this.#props;
    const known = this.#images.get(name);
    if (known) return known;

    const { imageTags, registries, flux } = environmentOf(this);
    const { prefix, insecure, pullSecret } = registries.own;
    const repository = `${prefix}/${name}`;
    const policy = [...(chart ? [chart] : []), ...name.split('/')].join('-');
    const marker = `${namespace}:${policy}`;
    const image: OwnImage = { policy: marker, repository, tag: committedTag(this, marker) ?? first };
    const [, major] = /^v?(\d+)\.\d+\.\d+$/.exec(first) ?? [];
    const rule = tags ?? (major && { semver: `${major}.x` });
    this.#images.set(name, image);
    declare(this, { image, platforms: { [repository]: platforms ?? this.#builtFor } });
    refuse(this, [
      ...imageProblems(`${repository}:${first}`),
      ...tagProblems(image, first, rule),
      ...(rule ? [] : [`${name}: first tag ${first} is no version, nothing orders the tags after it; pass { tags }`]),
    ]);
    if (imageTags !== 'flux' || keptBy || !rule) return image;

    new ImageRepository(this, `${policy}-repository`, {
      metadata: { name: policy, namespace },
      spec: {
        image: repository,
        interval: flux.scanInterval ?? flux.interval,
        insecure,
        ...(pullSecret && { secretRef: { name: pullSecret } }),
      },
    });
    new ImagePolicy(this, `${policy}-policy`, {
      metadata: { name: policy, namespace },
      spec: {
        imageRepositoryRef: { name: policy },
        ...('semver' in rule
          ? {
              ...(rule.within && { filterTags: { pattern: rule.within, extract: '$version' } }),
              policy: { semver: { range: rule.semver } },
            }
          : {
              filterTags: { pattern: rule.stamped, extract: '$stamp' },
              policy: { numerical: { order: 'asc' } },
            }),
      },
    });
    return image;
  }

  /** The image `name` at a tag that nobody moves: a canary beside the one that automation keeps. */
  pinned(name: string, tag: string, { platforms }: Pick<OwnImagesProps, 'platforms'> = {}): OwnImage {
    const repository = `${environmentOf(this).registries.own.prefix}/${name}`;
    declare(this, { platforms: { [repository]: platforms ?? this.#builtFor } });
    return { policy: '', repository, tag };
  }

  get #builtFor() {
    return this.#props.platforms ?? BUILT_FOR;
  }
}

/** A tag that the rule does not match would never be compared with those that do: the image would stay as it is. */
function tagProblems({ policy, tag }: OwnImage, first: string, rule?: TagRule | ''): string[] {
  const pattern = rule && ('stamped' in rule ? rule.stamped : rule.within);
  if (!pattern) return [];
  // RE2 names groups as Python does.
  const matches = new RegExp(pattern.replaceAll('(?P<', '(?<'));
  return [...new Set([first, tag])]
    .filter((each) => !matches.test(each))
    .map((each) => `${policy}: tag ${each} does not match ${pattern}, automation would pass it by; push one that does`);
}

/** `registry/name:tag`. */
export const referenceOf = (image: Image) => (typeof image === 'string' ? image : `${image.repository}:${image.tag}`);

/** Why the container runtime would refuse this image, or run something else tomorrow. */
export function imageProblems(image: Image): string[] {
  const reference = referenceOf(image);
  if (!/^[a-z0-9][\w.:/-]*(@sha256:[a-f0-9]{64})?$/.test(reference)) {
    return [`image: "${reference}" is not an image reference; write it like ghcr.io/owner/name:1.2.3`];
  }
  if (reference.includes('@sha256:')) return [];
  const [, tag] = /:([^/:]+)$/.exec(reference) ?? [];
  if (!tag || tag === 'latest') {
    return [`image: ${reference} runs whatever was pushed last, it has to be pinned; give a version tag or a digest`];
  }
  return [];
}
