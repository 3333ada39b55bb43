import { expect, test } from '@jest/globals';
import studio from '../../charts/environments/studio.ts';
import type { End, PodSet } from '../../imports/relations.ts';
import { rendered } from './environment.ts';
import { declaredOf, isOf, permitted, podsOf } from './reachable.ts';

interface PodName {
  readonly name: string;
  readonly namespace: string;
}

// Closed namespaces of the plan, and all that may reach them or be reached from there.
const ours = ['notifi', 'data-services', 'messaging', 'kafka'];
const { objects, declared } = rendered(studio);
const { ingress, prometheus } = studio.network;
const endOf = (end: End): PodSet | undefined => {
  if ('labels' in end) return end;
  return 'builtin' in end && (end.builtin === 'ingress' || end.builtin === 'prometheus')
    ? studio.network[end.builtin]
    : undefined;
};
const pods = podsOf(objects, declared, [ingress, prometheus]);
const flows = declared.flatMap((relation) => relation.flows ?? []);
const ports = [...new Set(flows.map(({ port }) => port))];

/** Between open namespaces everything may pass; what is of interest has one of ours at an end. */
const concerns = (call: string) =>
  ours.some((namespace) => call.split(' -> ').some((end) => end.startsWith(`${namespace}/`)));
const said = [...declaredOf(pods, declared, endOf)].filter(concerns).sort();
const open = [...permitted(pods, objects, ports)].filter(concerns).sort();

test('every pod of a namespace of the plan is closed in both directions', () => {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  for (const namespace of ours) {
    const all = policies.find(
      ({ metadata, spec }) => metadata.namespace === namespace && !Object.keys(spec.podSelector).length,
    );
    expect(all?.spec.policyTypes).toEqual(['Ingress', 'Egress']);
  }
});

test('what is declared may pass', () => {
  expect(said.filter((call) => !open.includes(call))).toEqual([]);
  expect(said.length).toBeGreaterThan(200);
});

test('nothing else may pass', () => {
  expect(open.filter((call) => !said.includes(call))).toEqual([]);
});

test('a messenger reaches its provider and no store; the LAN is out of reach of what may reach the Internet', () => {
  expect(said.filter((call) => call.startsWith('notifi/telegram-messenger -> data-services/'))).toEqual([]);
  const blocks = objects
    .filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.namespace === 'notifi')
    .flatMap(({ spec }) => spec.egress ?? [])
    .flatMap(({ to }) => to)
    .flatMap(({ ipBlock }) => (ipBlock?.cidr === '0.0.0.0/0' ? [ipBlock] : []));
  expect(blocks.length).toBeGreaterThan(5);
  for (const { except } of blocks) {
    expect(except).toEqual(
      expect.arrayContaining(['192.168.1.0/24', '10.42.0.0/16', '10.43.0.0/16', '169.254.169.254/32']),
    );
  }
});

test('the ends that the cluster makes are among the pods looked at', () => {
  for (const end of [ingress, prometheus]) expect(pods.some((each) => isOf(each, end))).toBe(true);
});

test('proxies let in by name whom the policies let in by address, and nobody else', () => {
  const named = new Map(
    objects
      .filter(({ kind }) => kind === 'MeshTLSAuthentication')
      .map(({ metadata, spec }) => [`${metadata.namespace}/${metadata.name}`, spec.identityRefs as readonly PodName[]]),
  );
  const servers = objects.filter(({ kind, metadata }) => kind === 'Server' && ours.includes(metadata.namespace!));
  const admitted = servers.flatMap((server) => {
    const { namespace, name } = server.metadata;
    const policies = objects.filter(
      ({ kind, metadata, spec }) =>
        kind === 'AuthorizationPolicy' && metadata.namespace === namespace && spec.targetRef.name === name,
    );
    const callers = policies
      .flatMap(({ spec }) => spec.requiredAuthenticationRefs as readonly PodName[])
      .flatMap((reference) => named.get(`${namespace}/${reference.name}`) ?? []);
    const served = pods.filter((each) =>
      isOf(each, { namespace: namespace!, labels: server['spec'].podSelector.matchLabels }),
    );
    return callers.flatMap((caller) =>
      served.map((each) => `${caller.namespace}/${caller.name} -> ${each.name}:${server['spec'].port}`),
    );
  });
  // Accounts are called like their workloads, but for what operators make.
  const between = said.filter((call) => call.split(' -> ').every((end) => end.startsWith('notifi/')));
  const inside = admitted.filter((call) => call.split(' -> ').every((end) => end.startsWith('notifi/')));
  const workloads = new Set(
    objects.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => `notifi/${metadata.name}`),
  );
  const ofWorkloads = (calls: readonly string[]) =>
    [...new Set(calls)]
      .filter((call) =>
        call
          .split(/ -> |:/)
          .slice(0, 2)
          .every((end) => workloads.has(end)),
      )
      .sort();
  expect(ofWorkloads(inside)).toEqual(ofWorkloads(between));
  expect(ofWorkloads(inside).length).toBeGreaterThan(15);
});
