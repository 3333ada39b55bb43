import { cycles, type Graph } from '../graph.ts';
import { groupBy } from '../group-by.ts';
import { imageReference } from '../image-reference.ts';
import { isBelow, type Layout, NAMESPACES, SECRETS } from '../layout.ts';
import { type Declared, type Finding, type Manifest, nameOf } from '../manifest.ts';
import { strings } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Needs } from './needs.ts';

/**
 * Everything about the order and the folders that Flux would stumble over. Nobody can accept these (`allow`): they are no
 * risks to weigh, a Flux Kustomization would never be applied, or never again.
 */
export function findingsOf(index: Index, layout: Layout, needs: Needs): Finding[] {
  const circular = circularUses(index);
  return [
    ...badNames(layout),
    // Units that use each other make circles of folders and releases too; once is enough.
    ...(circular.length ? circular : [...circularFolders(needs), ...circularReleases(needs)]),
    ...jobsWithoutForce(index),
  ];
}

const RULES = ['folder-name', 'unit-name', 'circular-uses', 'circular-order', 'job-image-needs-force'] as const;

/** Their names. */
export const FIRM: ReadonlySet<string> = new Set(RULES);

const error = (
  rule: (typeof RULES)[number],
  object: string,
  message: string,
  fix: string,
  from?: Manifest,
): Finding => ({
  rule,
  severity: 'error',
  object,
  message,
  fix,
  ...(from?.source ? { source: from.source } : {}),
});

/** A folder is also the name of a Flux Kustomization, and a label on all of its objects. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const TAKEN = new Set([SECRETS, 'flux-system']);

function* badNames({ folders }: Layout): Iterable<Finding> {
  for (const { name, files } of folders.values()) {
    const charts = new Map<string, Manifest>();
    for (const manifests of files.values()) for (const manifest of manifests) charts.set(manifest.chart, manifest);
    const [first] = charts.values();
    const names = [...charts.keys()].join(' and ');
    const refused = (message: string, fix: string) => error('folder-name', `folder ${name}`, message, fix, first);
    if (!NAME.test(name)) {
      yield refused('is the name of a Flux Kustomization: up to 63 of a-z, 0-9 and -', `rename chart ${names}`);
    } else if (TAKEN.has(name)) {
      yield refused(`is hand-owned, and chart ${names} would be written into it`, 'rename the chart');
    } else if (charts.size > 1 && name !== NAMESPACES) {
      yield refused(`would hold the charts ${names}`, 'rename one of them');
    }
    yield* badFiles(name, files);
  }
}

/** Upper and lower case are alike on macOS and Windows. */
function* badFiles(folder: string, files: ReadonlyMap<string, readonly Manifest[]>): Iterable<Finding> {
  for (const [first, second] of groupBy(files, ([file]) => file.toLowerCase()).values()) {
    const [file, [manifest]] = (second ?? first)!;
    const refused = (message: string, fix: string) =>
      error('unit-name', nameOf(manifest!.object), message, fix, manifest);
    if (second) {
      const message = `its unit, ${file}, and ${first![0]} would be one file of folder ${folder} on macOS and Windows`;
      yield refused(message, 'give one of the units another id');
    } else if (file.toLowerCase() === 'kustomization') {
      yield refused(`its unit, ${file}, would be written over the list of its folder`, 'give the unit another id');
    }
  }
}

function circularUses({ declared }: Index): Finding[] {
  return cycles(unitsOf(declared)).map((cycle) => {
    const [first, second] = cycle as [string, string];
    const user = declared.find(
      ({ chart, unit, uses }) => `${chart}/${unit}` === first && uses?.some((used) => isBelow(used, second)),
    );
    return {
      ...error(
        'circular-uses',
        first,
        `${[...cycle, first].join(' uses ')}: each would wait for the other`,
        'take one of these uses away: what one may start without is no use',
      ),
      source: user?.source,
    };
  });
}

/** Each unit and the units it declares to use. */
function unitsOf(declared: readonly Declared[]): Graph {
  const units = new Map<string, Set<string>>();
  const usesOf = (unit: string) => {
    const uses = units.get(unit) ?? new Set<string>();
    units.set(unit, uses);
    return uses;
  };
  for (const { chart, unit, uses = [] } of declared) {
    for (const used of uses) {
      const own = usesOf(`${chart}/${unit}`);
      const other = used.split('/').slice(0, 2).join('/');
      if (usesOf(other) !== own) own.add(other);
    }
  }
  return units;
}

function circularFolders({ folders }: Needs): Finding[] {
  return cycles(new Map([...folders].map(([name, needs]) => [name, new Set(needs.keys())]))).map((cycle) => {
    const steps = cycle.map((name, i) => {
      const next = cycle[(i + 1) % cycle.length]!;
      return { name, next, ...folders.get(name)!.get(next)! };
    });
    const { name, text, from, installer } = steps.find((step) => step.installer) ?? steps[0]!;
    if (cycle.length === 1) {
      const message = `would apply both at once, be refused for the one and so never apply the other: ${text}`;
      const fix = 'leave the layer of both to their kinds, or move one of them to a chart of its own';
      return error('circular-order', `Flux Kustomization ${name}`, message, fix, from);
    }
    const why = steps.map((step) => `\n  ${step.name} -> ${step.next}: ${step.text}`).join('');
    return error(
      'circular-order',
      `Flux Kustomization ${cycle[0]}`,
      `${[...cycle, cycle[0]].join(' -> ')}: none of them would ever be applied${why}`,
      installer
        ? `install the CustomResourceDefinitions of ${nameOf(installer.object)} from a chart of their own, which needs nothing of ${name}`
        : 'take one of these relations away, or move one of the units to a chart of its own',
      from,
    );
  });
}

function circularReleases({ releases }: Needs): Finding[] {
  const manifests = new Map(
    [...releases].flatMap(([from, after]) => [from, ...after]).map((manifest) => [nameOf(manifest.object), manifest]),
  );
  const graph: Graph = new Map(
    [...manifests].map(([name, manifest]) => [
      name,
      new Set([...(releases.get(manifest) ?? [])].map(({ object }) => nameOf(object))),
    ]),
  );
  return cycles(graph).map((cycle) =>
    error(
      'circular-order',
      cycle[0]!,
      `${[...cycle, cycle[0]].join(' -> ')}: none of them would ever be installed`,
      'take one of their relations away',
      manifests.get(cycle[0]!),
    ),
  );
}

/** The bot's new tag in an immutable template would be refused, and with it everything else in that folder. */
function* jobsWithoutForce({ declared, workloads }: Index): Iterable<Finding> {
  const own = new Set(declared.flatMap(({ image }) => (image ? [image.repository] : [])));
  if (!own.size) return;
  for (const { manifest, containers } of workloads) {
    const { kind, metadata } = manifest.object;
    if (kind !== 'Job') continue;
    const forced = [metadata.annotations, metadata.labels].some(
      (map) => strings(map)[FORCE]?.toLowerCase() === 'enabled',
    );
    const container = containers.find(({ image }) => image && own.has(imageReference(image).name));
    if (!container || forced) continue;
    yield error(
      'job-image-needs-force',
      nameOf(manifest.object),
      `runs ${container.image}, whose tag changes under it, and a Job's template is immutable: one refused object stops its whole Flux Kustomization`,
      `annotate it ${FORCE}: Enabled`,
      manifest,
    );
  }
}

const FORCE = 'kustomize.toolkit.fluxcd.io/force';
