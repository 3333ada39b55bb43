import type { Environment } from '../imports/environment.ts';
import { ENVIRONMENT, SEALED, TAGS } from '../imports/environment.ts';
import colors from '../synth/colors.ts';
import { OWNER_NAME } from '../synth/live/drift.ts';
import { fullName, isKustomization, leftovers } from '../synth/live/inventory.ts';
import { notReady } from '../synth/live/readiness.ts';
import { missingSecrets } from '../synth/live/secrets.ts';
import { type Deviation, deviations, KINDS } from '../synth/live/verify.ts';
import { idOf, type KubeObject } from '../synth/manifest.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { changeLines } from './changes.ts';
import { besides, clusterOf } from './cluster.ts';
import { committedAt } from './committed.ts';
import { described } from './described.ts';
import type { Git } from './git.ts';
import { itemsOf, type Kubectl } from './kubectl.ts';
import { answering, environmentNames, Refusal } from './project.ts';

export interface VerifyOptions {
  readonly context?: string;
  readonly repo: string;
  readonly ref: string;
  readonly format: Format;
}

/**
 * Says in what an environment's cluster is not as committed. Changes nothing. Exit code 0 where it is, 1 where it is not, 2 where
 * nobody could look.
 */
export const verify = (wanted: string, options: VerifyOptions) => answering(() => compare(wanted, options));

async function compare(wanted: string, { context, repo, ref, format }: VerifyOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const environment = await described(name);
  const cluster = await clusterOf(environment, context);
  const committed = committedAt(name, repo, ref);
  const { git, commit, manifests, index } = committed;
  const { kubectl, root, kustomizations } = cluster;
  const [objects, keysThere, labelled] = await Promise.all([
    besides(cluster, committed),
    secretKeys(kubectl),
    labelledObjects(kubectl),
  ]);
  const isIdle = objects.some(({ live }) => live && notReady(live) !== undefined);
  const ours = new Set([
    ...(root ? [fullName(root)] : []),
    ...manifests.flatMap(({ object }) => (isKustomization(object) ? [fullName(object)] : [])),
  ]);
  const found = deviations({
    folder: `clusters/${name}`,
    root,
    objects,
    pods: isIdle ? await kubectl.list('pods') : [],
    secrets: missingSecrets(index, keysThere),
    leftovers: leftovers(
      labelled,
      new Set(objects.map((beside) => idOf(beside.committed))),
      ours,
      new Set(kustomizations.map(fullName)),
    ),
    behind: (applied) => behind(git, name, commit, applied),
    seal: await sealerOf(environment),
  });
  const notes = [...cluster.notes, ...uncommitted(git, name, ref)];
  const told = { environment: name, context: kubectl.context, commit, objects: objects.length, notes };
  console.log(format === 'json' ? jsonOf({ ...told, deviations: found }) : textOf(found, told));
  if (found.length) process.exitCode = 1;
}

/** Names of the keys of every Secret, by `<namespace>/<name>`; values stay with kubectl. */
async function secretKeys(kubectl: Kubectl): Promise<Map<string, ReadonlySet<string>>> {
  const template =
    '{{range .items}}{{.metadata.namespace}}/{{.metadata.name}}{{range $key, $_ := .data}} {{$key}}{{end}}{{"\\n"}}{{end}}';
  const printed = await kubectl.ask('get', 'secrets', '--all-namespaces', `--output=go-template=${template}`);
  return new Map(
    printed
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [id, ...keys] = line.split(' ') as [string, ...string[]];
        return [id, new Set(keys)];
      }),
  );
}

/** Whatever bears kustomize-controller's mark, of every kind that the cluster has. */
async function labelledObjects(kubectl: Kubectl): Promise<KubeObject[]> {
  const kinds = (await kubectl.ask('api-resources', '--verbs=list,delete', '--output=name'))
    .split('\n')
    .filter(Boolean);
  const words = ['get', kinds.join(','), '--all-namespaces', `--selector=${OWNER_NAME}`, '--output=json'];
  const { code, stdout, stderr } = await kubectl.run(words);
  if (code !== 0)
    throw new Refusal(`kubectl get of every kind, for what Flux has applied: ${stderr.trim().split('\n')[0]}`);
  return itemsOf(stdout);
}

/** Why an applied commit is not what is committed; undefined where the folder is the same in both. */
function behind(git: Git, name: string, commit: string, applied: string): string | undefined {
  const short = applied.slice(0, 10);
  if (!git.commit(applied)) return `has applied ${short}, which is not in this checkout; git pull`;
  const [there, here] = [applied, commit].map((each) => git.ask('rev-parse', `${each}:clusters/${name}`));
  if (there === here) return undefined;
  const newer = Number(git.ask('rev-list', '--count', `${applied}..${commit}`) ?? 0);
  if (git.ask('merge-base', '--is-ancestor', applied, commit) === undefined)
    return `has applied ${short}, which ${commit.slice(0, 10)} does not contain; git pull`;
  return `has applied ${short}, ${newer} commit${newer === 1 ? '' : 's'} behind ${commit.slice(0, 10)}`;
}

const uncommitted = (git: Git, name: string, ref: string): string[] =>
  ref === 'HEAD' && git.ask('status', '--porcelain', '--', `clusters/${name}`)
    ? [`clusters/${name} has changes that are not committed; they were not looked at`]
    : [];

/** The command that seals a Secret, where the environment has it sealed. */
async function sealerOf(environment: Environment) {
  const { render } = await import('../synth/render.ts');
  const { declared } = render(environment, { [ENVIRONMENT]: environment, [TAGS]: new Map(), [SEALED]: new Map() });
  const sealed = new Set(
    declared.flatMap((each) => (each.sealed ? [`${each.sealed.namespace}/${each.sealed.name}`] : [])),
  );
  return (secret: { readonly namespace: string; readonly name: string }) => {
    const id = `${secret.namespace}/${secret.name}`;
    return sealed.has(id) ? `npm run seal -- ${environment.name} ${id}, commit, push` : undefined;
  };
}

interface Told {
  readonly environment: string;
  readonly context: string;
  readonly commit: string;
  readonly objects: number;
  readonly notes: readonly string[];
}

const TITLES: Readonly<Record<Deviation['kind'], string>> = {
  secret: 'missing Secrets',
  refused: 'refused by the API server',
  missing: 'missing',
  drift: 'changed in the cluster',
  behind: 'at another commit',
  'not-ready': 'not at work',
  leftover: 'left over',
};

function textOf(found: readonly Deviation[], { environment, context, commit, objects, notes }: Told): string {
  const at = `${commit.slice(0, 10)} on context ${context}: ${objects} objects`;
  const verdict = found.length
    ? `${colors.bold(environment)} is not as committed at ${at}, ${found.length} finding${found.length === 1 ? '' : 's'}`
    : `${colors.bold(environment)} is as committed at ${at}`;
  return [
    verdict,
    ...notes.map((note) => `  note: ${note}`),
    ...KINDS.flatMap((kind) => {
      const alike = found.filter((each) => each.kind === kind);
      return alike.length ? ['', colors.bold(TITLES[kind]), ...alike.flatMap(linesOf)] : [];
    }),
  ].join('\n');
}

const linesOf = ({ object, message, changes = [], fix }: Deviation) => [
  `  ${object}: ${message}`,
  ...changeLines(changes),
  ...(fix ? [`    ${colors.green('fix:')} ${fix}`] : []),
];
