import { didYouMean } from './check/nearest.ts';
import type { Finding } from './manifest.ts';
import { isOlder, type Promoted, serviceOf } from './promote.ts';

/**
 * What changes by `<image>=<tag>` pairs, against the committed tags of an environment by policy; a tag that is there already is left out.
 * @throws for what is no pair, and for an image that the environment does not run
 */
export function wantedTags(
  environment: string,
  pairs: readonly string[],
  tags: ReadonlyMap<string, string>,
): Promoted[] {
  const services = [...tags.keys()].map(serviceOf).sort();
  const wanted = pairs.map((pair) => {
    const [, service, after] = /^([^=:]+)[=:]([\w][\w.-]{0,127})$/.exec(pair) ?? [];
    if (!service || !after)
      throw new Error(`${pair}: write it as <image>=<tag>, family-assistant-backend=v2.1.0-a3f5c2b-prod`);
    return { service, after };
  });
  const unknown = wanted.filter(({ service }) => !services.includes(service));
  if (unknown.length) {
    const lines = unknown.map(
      ({ service }) => `${service}: ${environment} keeps no tag of it${didYouMean(service, services)}`,
    );
    throw new Error(`${lines.join('\n')}\nit keeps ${services.join(', ') || 'none'}`);
  }
  return wanted.flatMap(({ service, after }): Promoted[] => {
    const [policy, before] = [...tags].find(([each]) => serviceOf(each) === service)!;
    return after === before ? [] : [{ policy, before, after }];
  });
}

/** Two builds may end in another order than they began in. */
export const olderTags = (set: readonly Promoted[]): Finding[] =>
  set
    .filter(({ before, after }) => isOlder(after, before))
    .map(({ policy, before, after }) => ({
      rule: 'older-tag',
      severity: 'error',
      object: serviceOf(policy),
      message: `${after} is older than ${before}, which runs there`,
      fix: 'go back with git revert of the commit that brought it',
    }));
