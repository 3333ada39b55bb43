import { setTimeout as sleep } from 'node:timers/promises';
import colors from '../synth/colors.ts';
import { entryId, fullName } from '../synth/live/inventory.ts';
import { type Departure, departureOf, type Handle, isAtWork, LET_GO, letsGo, SUSPEND } from '../synth/live/leave.ts';
import type { KubeObject } from '../synth/manifest.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { type Cluster, clusterOf, KUSTOMIZATIONS, liveOf } from './cluster.ts';
import { described } from './described.ts';
import { type Kubectl, lastLine } from './kubectl.ts';
import { environmentNames, Refusal } from './project.ts';

export interface LeaveOptions {
  readonly context?: string;
  readonly yes?: boolean;
  readonly format: Format;
}

/**
 * Takes an environment's cluster from under Flux: workloads, volumes, Secrets and Helm releases stay, and nobody changes them any
 * more. Says what it would do; does it with `yes`. A run that broke off is finished by the next one.
 */
export async function leave(wanted: string, { context, yes = false, format }: LeaveOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const cluster = await clusterOf(await described(name), context);
  const { kubectl, kustomizations, root } = cluster;
  const told = { environment: name, context: kubectl.context };
  if (!root) {
    const nothing = `${name} on context ${kubectl.context}: Flux does not follow clusters/${name}; there is nothing to leave`;
    console.log(format === 'json' ? jsonOf({ ...told, done: false, suspended: [], deleted: [], kept: 0 }) : nothing);
    return;
  }
  const departure = departureOf(root, kustomizations);
  const gone = yes ? await depart(cluster, root, departure) : [];
  const { suspended, deleted, kept } = departure;
  const said = (handles: readonly Handle[]) => handles.map((each) => each.said);
  if (format === 'json')
    console.log(
      jsonOf({ ...told, done: yes, suspended: said(suspended), deleted: said(deleted), kept: kept.length, gone }),
    );
  else console.log(textOf(departure, { name, context: kubectl.context, yes, gone }));
  if (gone.length) process.exitCode = 1;
}

/** Answers what is no longer there of all that had to stay. */
async function depart(
  { kubectl }: Cluster,
  root: KubeObject,
  { suspended, deleted, kept }: Departure,
): Promise<string[]> {
  const staying = kept.map(
    ({ group, version, kind, namespace, name }): KubeObject => ({
      apiVersion: group ? `${group}/${version}` : version,
      kind,
      metadata: { name, ...(namespace && { namespace }) },
    }),
  );
  const before = await liveOf(kubectl, staying);

  const [first, ...others] = suspended as [Handle, ...Handle[]];
  await stop(kubectl, first);
  await atRest(kubectl, fullName(root));
  await Promise.all(others.map((each) => stop(kubectl, each)));
  await allLetGo(kubectl, suspended);
  for (const each of deleted) await remove(kubectl, each);

  const after = await liveOf(kubectl, staying);
  return kept.flatMap((entry) => {
    const [was, is] = [before, after].map((there) => there.get(entryId(entry))?.metadata.uid);
    return was !== undefined && was !== is
      ? [`${entry.kind} ${entry.namespace ? `${entry.namespace}/` : ''}${entry.name}`]
      : [];
  });
}

const isGone = (stderr: string) => /\(NotFound\)|the server doesn't have a resource type/.test(stderr);

async function stop(kubectl: Kubectl, { kind, namespace, name, said }: Handle) {
  const patch = JSON.stringify(kind.startsWith('Kustomization.') ? LET_GO : SUSPEND);
  const { code, stderr } = await kubectl.run([
    'patch',
    kind,
    name,
    `--namespace=${namespace}`,
    '--type=merge',
    `--patch=${patch}`,
  ]);
  if (code !== 0 && !isGone(stderr))
    throw new Refusal(`${said}: cannot be suspended, and nothing was deleted: ${lastLine(stderr)}`);
}

const SECONDS = 60;

/** What the root is about to apply would set the others free again. */
async function atRest(kubectl: Kubectl, root: string) {
  for (let second = 0; second < SECONDS; second++) {
    const there = (await kubectl.list(KUSTOMIZATIONS)).find((each) => fullName(each) === root);
    if (!there || !isAtWork(there)) return;
    await sleep(1000);
  }
  throw new Refusal(
    `Kustomization ${root}: is suspended, and its controller has not ended its work after ${SECONDS} s; nothing was deleted. Run it again, or see: kubectl -n flux-system logs deployment/kustomize-controller`,
  );
}

/** Looked up, not believed: deleting one that is not suspended deletes everything that it has applied. */
async function allLetGo(kubectl: Kubectl, suspended: readonly Handle[]) {
  const ours = new Set(suspended.map(({ said }) => said));
  const bound = (await kubectl.list(KUSTOMIZATIONS)).filter(
    (each) => ours.has(`Kustomization ${fullName(each)}`) && !letsGo(each),
  );
  if (bound.length)
    throw new Refusal(
      `${bound.map(fullName).join(', ')}: somebody has resumed them meanwhile; nothing was deleted. Run it again once nobody does`,
    );
}

async function remove(kubectl: Kubectl, { kind, namespace, name, said }: Handle) {
  const words = [
    'delete',
    kind,
    name,
    `--namespace=${namespace}`,
    '--ignore-not-found',
    '--wait',
    `--timeout=${SECONDS}s`,
  ];
  const { code, stderr } = await kubectl.run(words);
  if (code === 0 || isGone(stderr)) return;
  throw new Refusal(
    `${said}: is not gone: ${lastLine(stderr)}. Everything is suspended and runs on; its controller takes its finalizer off, so see whether that runs, and run this again`,
  );
}

interface Told {
  readonly name: string;
  readonly context: string;
  readonly yes: boolean;
  readonly gone: readonly string[];
}

function textOf({ suspended, deleted, kept }: Departure, { name, context, yes, gone }: Told): string {
  const list = (title: string, handles: readonly Handle[]) => [
    colors.bold(`${title} ${handles.length}, in this order`),
    ...handles.map(({ said }) => `  ${said}`),
  ];
  const back = [
    colors.bold('to come back'),
    `  kubectl apply --server-side -f clusters/${name}/flux-system/gotk-sync.yaml, or flux bootstrap as before: Flux takes everything over as it runs`,
    `  npm run adopt -- ${name} says before what it would change`,
  ];
  if (!yes)
    return [
      `${colors.bold(name)} on context ${context}: this would take it from under Flux; nothing was changed. Do it: --yes`,
      '',
      ...list('suspend', suspended),
      '',
      ...list('delete', deleted),
      '',
      `${colors.bold('keep')} ${kept.length} objects as they run, suspended HelmReleases among them`,
      '',
      ...back,
    ].join('\n');
  return [
    gone.length
      ? `${colors.bold(name)} on context ${context} is no longer under Flux; of ${kept.length} objects these went meanwhile, or were made anew:`
      : `${colors.bold(name)} on context ${context} is no longer under Flux: ${kept.length} objects are there as before, and nobody changes them`,
    ...gone.map((each) => `  ${each}`),
    '',
    ...back,
  ].join('\n');
}
