import { groupOf, type Manifest } from '../manifest.ts';
import { CORE } from './core-links.ts';
import { FLUX } from './flux-links.ts';
import { type Link, Links } from './links.ts';
import { knativeLinks, OPERATORS } from './operator-links.ts';
import { podLinks } from './pod-links.ts';
import { ROUTES } from './route-links.ts';
import type { Workload } from './workloads.ts';

const BY_KIND: Readonly<Record<string, (links: Links) => void>> = { ...CORE, ...ROUTES, ...FLUX, ...OPERATORS };

/** Everything that an object names. */
export function linksOf({ object }: Manifest, workload: Workload | undefined): readonly Link[] {
  const links = new Links(object);
  const { namespace } = object.metadata;
  if (namespace) links.to('Namespace', namespace, 'metadata.namespace', { namespace: undefined });
  if (workload) podLinks(links, workload);
  const group = groupOf(object.apiVersion);
  BY_KIND[`${group}/${object.kind}`]?.(links);
  if (group.endsWith('.knative.dev')) knativeLinks(links);
  return links.found;
}
