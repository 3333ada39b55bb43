import { assumed } from './assumed.ts';

/**
 * The plan's `v{MAJOR}.{MINOR}.{PATCH}-{GIT_SHA}-{ENV}`. Compared as they are, such tags are pre-releases, which ranges leave
 * out, and two of one version sort by their hash. Only the version is compared here, and `npm run next-version` gives every
 * build one of its own. A new major is a person's decision.
 */
export const TAGS = { semver: '2.x', within: '^v(?P<version>[0-9]+\\.[0-9]+\\.[0-9]+)-[a-f0-9]{7}-prod$' };

export const FIRST_TAG = `${assumed.versions.value.services}-0000000-prod`;
