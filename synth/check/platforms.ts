import type { Platforms } from '../../imports/environment.ts';
import type { Resident } from '../fit/residents.ts';
import { repositoryOf } from '../image-reference.ts';
import { unknowable } from '../resolve/links.ts';
import type { Index } from '../resolve.ts';
import { knownFit } from './fit.ts';
import { oncePerIndex } from './once.ts';
import { type Machine, machineOf, refusalOf } from './placement.ts';
import type { Rule } from './rule.ts';

/** One image of some pods, and the nodes that may be given them. */
interface Landing {
  readonly resident: Resident;
  readonly repository: string;
  readonly field?: string;
  readonly machines: readonly Machine[];
}

/** Nodes of other architectures are left alone: the list of images does not tell of them. */
const TOLD: ReadonlySet<string> = new Set(['amd64', 'arm64']);

/** Every image where its pods may come to; nothing where the nodes are not known. */
function* landings(index: Index): Iterable<Landing> {
  const machines = (index.world.cluster?.nodes ?? [])
    .filter((node) => TOLD.has(node.arch) && !('count' in node && node.count === 0))
    .map(machineOf);
  for (const resident of knownFit(index)?.residents ?? []) {
    const { nodeName } = resident.template.pod;
    const open = machines.filter((machine) =>
      nodeName ? machine.name === nodeName : !refusalOf(resident.template, [machine]),
    );
    const said = new Set<string>();
    for (const { image, field } of open.length ? resident.images : []) {
      const repository = repositoryOf(image);
      if (unknowable(image) || said.has(repository)) continue;
      said.add(repository);
      yield { resident, repository, field, machines: open };
    }
  }
}

const landingsIn = oncePerIndex((index) => [...landings(index)]);

/** Of others, as the environment lists them, and own ones, as their charts say. */
const platformsOf = ({ world, declared }: Index): Platforms =>
  Object.assign({}, world.cluster?.platforms, ...declared.map(({ platforms }) => platforms));

const namesOf = (machines: readonly Machine[]) => machines.map(({ name }) => name).join(', ');
const archsOf = (machines: readonly Machine[]) => [...new Set(machines.map(({ arch }) => arch))].sort().join(' and ');

const missingPlatform: Rule = {
  name: 'missing-platform',
  doc: 'An image does not exist for the architecture of a node that may be given its pod: it never starts there.',
  severity: 'error',
  *check({ index, closed }) {
    const platforms = platformsOf(index);
    for (const { resident, repository, field, machines } of landingsIn(index)) {
      const archs = platforms[repository];
      const lacking = machines.filter(({ arch }) => archs && !archs.includes(arch));
      if (!archs || !lacking.length) continue;
      const rest = `use an image that exists for ${archsOf(lacking)}`;
      yield {
        manifest: resident.manifest,
        field,
        // Of a stranger's tag, older or newer than ours, other things may hold.
        severity: closed ? 'error' : 'warning',
        message: `${field ?? resident.name}: ${repository} exists for ${archs.join(' and ')} alone, and ${
          lacking.length < machines.length ? 'its pods may come to' : 'the only nodes for its pods are'
        } ${namesOf(lacking)} (${archsOf(lacking)})`,
        fix:
          lacking.length < machines.length
            ? `keep them away by nodeSelector kubernetes.io/arch: ${archsOf(machines.filter((each) => !lacking.includes(each)))}, or ${rest}`
            : `let them go to a node that is ${archs.join(' or ')}, or ${rest}`,
      };
    }
  },
  breaks: mixed('docker.io/example/amd64-only:1.2.3', ''),
  passes: mixed('docker.io/example/amd64-only:1.2.3', 'nodeSelector: {kubernetes.io/arch: amd64},'),
};

const unknownPlatforms: Rule = {
  name: 'unknown-platforms',
  doc: 'Nobody knows whether an image exists for a node that is not amd64, where most but not all images do not start.',
  severity: 'warning',
  *check({ index, closed }) {
    if (!closed) return;
    const platforms = platformsOf(index);
    for (const { resident, repository, field, machines } of landingsIn(index)) {
      const risky = machines.filter(({ arch }) => arch !== 'amd64');
      if (platforms[repository] || !risky.length) continue;
      yield {
        manifest: resident.manifest,
        field,
        message: `${field ?? resident.name}: nothing says whether ${repository} exists for ${archsOf(risky)}, and its pods may come to ${namesOf(risky)}`,
        fix: 'npm run platforms -- <image>:<tag> asks its registry and adds it to charts/platforms.ts; or add the line by hand',
      };
    }
  },
  breaks: mixed('docker.io/example/unheard-of:1.2.3', ''),
  passes: mixed('docker.io/example/everywhere:1.2.3', ''),
};

function mixed(image: string, more: string) {
  const node = (name: string, arch: string) => `---
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {kubernetes.io/arch: ${arch}}}
status: {capacity: {cpu: "4", memory: 8Gi}}
`;
  return `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {${more} containers: [{name: api, image: "${image}"}]}
${node('pi', 'arm64')}${node('box', 'amd64')}`;
}

export const platformRules: readonly Rule[] = [missingPlatform, unknownPlatforms];
