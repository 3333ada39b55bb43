import { type Fit, fitOf, goesOn, type Scenario } from '../fit/fit.ts';
import type { Resident } from '../fit/residents.ts';
import type { Manifest } from '../manifest.ts';
import type { Index } from '../resolve.ts';
import { oncePerIndex } from './once.ts';
import type { Problem, Rule } from './rule.ts';

/** Undefined where the nodes are not known. */
export const knownFit = oncePerIndex((index): Fit | undefined => {
  const nodes = index.world.cluster?.nodes ?? [];
  return nodes.length ? fitOf(index, nodes) : undefined;
});

/** Each resident that some of these situations leave without a node, once. */
function* homeless(index: Index, wanted: (scenario: Scenario) => boolean, fix: string): Iterable<Problem> {
  const scenarios = knownFit(index)?.scenarios ?? [];
  const [rest] = scenarios;
  const atRest = new Set(rest?.homeless.map(({ resident }) => resident));
  const found = new Map<Resident, { scenarios: string[]; pods: number; why: string }>();
  for (const scenario of scenarios.filter(wanted)) {
    for (const { resident, pods, why } of scenario.homeless) {
      // What has no room at rest is told by that rule, and what no node may take by `unschedulable`.
      if (why === 'no node may take it' || (scenario !== rest && atRest.has(resident))) continue;
      const before = found.get(resident);
      if (before) before.scenarios.push(scenario.name);
      else found.set(resident, { scenarios: [scenario.name], pods, why });
    }
  }
  for (const [{ name, manifest }, { scenarios, pods, why }] of found) {
    const message = `${scenarios.join(', ')}: ${pods} ${pods > 1 ? 'pods' : 'pod'} of ${name} find${pods > 1 ? '' : 's'} no node: ${why}`;
    yield { manifest, message, fix };
  }
}

const cluster = (replicas: number, cpu: string, more = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: notifi}
spec:
  replicas: ${replicas}
  ${more}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, resources: {requests: {cpu: ${cpu}, memory: 1Gi}}}]}}
---
apiVersion: v1
kind: Node
metadata: {name: pi-1}
status: {capacity: {cpu: "4", memory: 8Gi}}
---
apiVersion: v1
kind: Node
metadata: {name: pi-2}
status: {capacity: {cpu: "4", memory: 8Gi}}
`;
const scaler = (most: number) => `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: notifi}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, minReplicas: 1, maxReplicas: ${most}}
`;

const doesNotFit: Rule = {
  name: 'does-not-fit',
  doc: 'All pods together ask for more than the nodes have: some stay pending.',
  severity: 'error',
  *check({ index, closed }) {
    const fix = 'lower requests or replicas, or add a node; npm run fit shows who sits where';
    // A stranger's folder may hold more than one cluster.
    const severity = closed ? 'error' : 'warning';
    for (const problem of homeless(index, ({ name }) => name === 'at rest', fix)) yield { ...problem, severity };
  },
  breaks: cluster(3, '3'),
  passes: cluster(2, '3', 'strategy: {type: Recreate}'),
};

const noSpareNode: Rule = {
  name: 'no-spare-node',
  doc: 'With one node gone the others have no room for what ran there.',
  severity: 'warning',
  *check({ index }) {
    yield* homeless(
      index,
      ({ name }) => name.startsWith('without '),
      'leave the room of one node free, or accept it with the reason; npm run fit shows who sits where',
    );
  },
  breaks: cluster(2, '3', 'strategy: {type: Recreate}'),
  passes: cluster(2, '1', 'strategy: {type: Recreate}'),
};

const noRoomToRoll: Rule = {
  name: 'no-room-to-roll-out',
  doc: 'When everything is rolled out at once, as by one change of all, new pods find no room beside the old ones.',
  severity: 'warning',
  *check({ index }) {
    yield* homeless(
      index,
      ({ name }) => name.startsWith('everything'),
      'free some room, or let old pods go first: maxSurge 0, maxUnavailable 1',
    );
  },
  breaks: cluster(2, '3', 'strategy: {rollingUpdate: {maxSurge: 1}}'),
  passes: cluster(2, '3', 'strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}'),
};

const noRoomToScale: Rule = {
  name: 'no-room-to-scale',
  doc: 'With every autoscaler at its most there are more pods than the nodes take: a maximum that cannot be reached.',
  severity: 'info',
  *check({ index }) {
    yield* homeless(
      index,
      ({ name }) => name.startsWith('every '),
      'lower the maximum to what the nodes take, or know that not all of them come at once',
    );
  },
  breaks: cluster(1, '3').replace('replicas: 1', 'strategy: {type: Recreate}') + scaler(3),
  passes: cluster(1, '3').replace('replicas: 1', 'strategy: {type: Recreate}') + scaler(2),
};

const quorumOnOneNode: Rule = {
  name: 'quorum-on-one-node',
  doc: 'More than half of the members of a store have their disks on one node: it stops with that node.',
  severity: 'error',
  *check({ index, closed }) {
    const said = new Set<Manifest>();
    for (const { name, away } of knownFit(index)?.scenarios ?? []) {
      for (const lost of away) {
        const { manifest } = lost.resident;
        // A single member is a choice; of two, each is half.
        if (lost.left + lost.lost < 3 || goesOn(lost) || said.has(manifest)) continue;
        said.add(manifest);
        const message = `${name}, ${lost.lost} of ${lost.left + lost.lost} members of ${lost.resident.name} are gone with their disks`;
        const fix =
          'keep its members apart (required anti-affinity over kubernetes.io/hostname), or let more nodes take them';
        yield { manifest, severity: closed ? 'error' : 'warning', message, fix };
      }
    }
  },
  breaks: members(''),
  passes: members(
    'affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: db}}, topologyKey: kubernetes.io/hostname}]}},',
  ),
};

function members(apart: string) {
  const node = (name: string, cpu: string) => `---
apiVersion: v1
kind: Node
metadata: {name: ${name}}
status: {capacity: {cpu: "${cpu}", memory: 8Gi}}
`;
  return `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: notifi}
spec:
  replicas: 3
  template: {metadata: {labels: {app: db}}, spec: {${apart} containers: [{name: db, resources: {requests: {cpu: "1", memory: 1Gi}}}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: disk, resources: {requests: {storage: 1Gi}}}}]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: disk}
provisioner: kubernetes.io/no-provisioner
${node('big', '16')}${node('one', '1')}${apart ? node('two', '1') : ''}`;
}

export const fitRules: readonly Rule[] = [doesNotFit, noSpareNode, noRoomToRoll, noRoomToScale, quorumOnOneNode];
