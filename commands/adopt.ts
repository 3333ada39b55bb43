import colors from '../synth/colors.ts';
import { type Installed, isOurs, type Release, type Verdict, verdictOf } from '../synth/live/adopt.ts';
import { fullName } from '../synth/live/inventory.ts';
import { nameOf } from '../synth/manifest.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { changeLines } from './changes.ts';
import { besides, type Cluster, clusterOf } from './cluster.ts';
import { onDiskOf } from './committed.ts';
import { described } from './described.ts';
import { answering, environmentNames } from './project.ts';

export interface AdoptOptions {
  readonly context?: string;
  readonly repo: string;
  readonly format: Format;
}

type Judged = Verdict & { readonly object: string; readonly isOurs: boolean };

/**
 * Says of every object of an environment's folder, as it is on disk, what becomes of it when Flux applies it to a cluster that
 * runs already. Changes nothing. Exit code 1 where something is to be made anew or refused, 2 where it could not look.
 */
export const adopt = (wanted: string, options: AdoptOptions) => answering(() => judge(wanted, options));

async function judge(wanted: string, { context, repo, format }: AdoptOptions) {
  const [name] = environmentNames([wanted]) as [string];
  const cluster = await clusterOf(await described(name), context);
  const [objects, installed] = await Promise.all([besides(cluster, onDiskOf(name, repo)), installedIn(cluster)]);
  const judged = objects.map(
    (beside): Judged => ({
      object: nameOf(beside.committed),
      isOurs: isOurs(beside, installed),
      ...verdictOf(beside, installed),
    }),
  );
  if (format === 'json')
    console.log(jsonOf({ environment: name, context: cluster.kubectl.context, notes: cluster.notes, objects: judged }));
  else console.log(textOf(name, cluster.kubectl.context, cluster.notes, judged));
  if (judged.some(({ verdict }) => verdict === 'refuse' || verdict === 'recreate')) process.exitCode = 1;
}

/** Of each Secret: whose it is, and whether it is how Helm keeps a release. Values are not asked for. */
const SECRETS = [
  '{{range .items}}{{.metadata.namespace}}|{{.metadata.name}}',
  '|{{range .metadata.ownerReferences}}{{.kind}} {{end}}',
  '|{{with .metadata.annotations}}{{index . "sealedsecrets.bitnami.com/managed"}} {{index . "sealedsecrets.bitnami.com/patch"}}{{end}}',
  '|{{with .metadata.labels}}{{if eq (print .owner) "helm"}}{{.status}} {{.name}} {{.version}}{{end}}{{end}}{{"\\n"}}{{end}}',
].join('');

async function installedIn({ kubectl, kustomizations }: Cluster): Promise<Installed> {
  const releases: Release[] = [];
  const unmanaged = new Set<string>();
  const printed = await kubectl.ask('get', 'secrets', '--all-namespaces', `--output=go-template=${SECRETS}`);
  for (const line of printed.split('\n').filter(Boolean)) {
    const [namespace, name, owners, annotations, release] = line.split('|') as [string, string, string, string, string];
    if (!owners.includes('SealedSecret') && !annotations.includes('true')) unmanaged.add(`${namespace}/${name}`);
    const [status, of, revision] = release.split(' ') as [string, string, string];
    if (status === 'deployed') releases.push({ namespace, name: of, revision });
  }
  return { releases, unmanaged, kustomizations: new Set(kustomizations.map(fullName)) };
}

const TITLES: Readonly<Record<Verdict['verdict'], string>> = {
  refuse: 'refuse: Flux must not take these as they are',
  recreate: 'recreate: these cannot be changed, only made anew',
  adopt: 'adopt: Flux takes these over as they run',
  new: 'new: Flux makes these',
};

function textOf(name: string, context: string, notes: readonly string[], judged: readonly Judged[]): string {
  const of = (verdict: string) => judged.filter((each) => each.verdict === verdict);
  const counts = Object.keys(TITLES).map((verdict) => `${of(verdict).length} ${verdict}`);
  return [
    `${colors.bold(name)} on context ${context}: ${judged.length} objects, ${counts.join(', ')}; nothing was changed`,
    ...notes.map((note) => `  note: ${note}`),
    ...Object.entries(TITLES).flatMap(([verdict, title]) =>
      of(verdict).length ? ['', colors.bold(title), ...of(verdict).flatMap(linesOf)] : [],
    ),
  ].join('\n');
}

function linesOf(each: Judged): string[] {
  switch (each.verdict) {
    case 'new':
      return [`  ${each.object}${each.note ? `: ${each.note}` : ''}`];
    case 'adopt': {
      const words = [
        each.isOurs ? "Flux's already" : [],
        each.note ?? [],
        each.changes.length ? [] : 'as it is',
        each.restarts ? 'its pods restart' : [],
      ].flat();
      return [`  ${each.object}${words.length ? `: ${words.join(', ')}` : ''}`, ...changeLines(each.changes)];
    }
    case 'recreate':
      return [
        `  ${each.object}: ${each.reason}`,
        ...each.fields.map(({ field, live, wanted }) => `    ${field}: ${live} cannot become ${wanted}`),
        ...each.steps.map((step, i) => `    ${i + 1}. ${step}`),
      ];
    case 'refuse':
      return [`  ${each.object} ${each.reason}`, `    ${colors.green('fix:')} ${each.fix}`];
  }
}
