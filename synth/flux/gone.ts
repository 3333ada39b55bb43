import type { Environment } from '../../imports/environment.ts';
import type { Plan } from '../flux.ts';
import { type Finding, type KubeObject, nameOf } from '../manifest.ts';
import { holdsData } from './guards.ts';

export type Removal = NonNullable<Environment['removals']>[number];

/** What stands in one committed folder. */
export interface Standing {
  readonly object: KubeObject;
  readonly folder: string;
}

/**
 * Refuses that a committed Flux Kustomization goes, or takes another name, while data hangs on it: Flux deletes what it
 * applied, and what is guarded stays behind unmanaged. `removals` of the environment acknowledge it, one by one, with a
 * reason and a last day; those that were needed are returned for the command to hold against the calendar.
 */
export function goneKustomizations(
  { kustomizations }: Plan,
  environment: Pick<Environment, 'name' | 'removals'>,
  committed: { readonly kustomizations: readonly KubeObject[]; readonly objects: readonly Standing[] },
): { findings: Finding[]; needed: readonly Removal[] } {
  const { name: cluster, removals = [] } = environment;
  const source = { file: `charts/environments/${cluster}.ts`, line: 1 };
  const planned = new Set(kustomizations.map(({ metadata }) => metadata.name));
  const findings: Finding[] = [];
  const needed: Removal[] = [];
  for (const gone of committed.kustomizations) {
    const { name } = gone.metadata;
    const data = committed.objects.filter(
      ({ object, folder }) =>
        folder === name && holdsData(object, { layer: folder.endsWith('-stores') ? 'stores' : 'apps' }),
    );
    if (planned.has(name) || !data.length) continue;
    const removal = removals.find(({ kustomization }) => kustomization === name);
    if (removal) needed.push(removal);
    findings.push({
      rule: 'removed-kustomization',
      severity: removal ? 'info' : 'error',
      object: nameOf(gone),
      source,
      message: `would go, or change its name, with ${data.map(({ object }) => nameOf(object)).join(', ')} behind it`,
      fix: removal
        ? `accepted until ${removal.until}: ${removal.reason}`
        : `keep the name: declare(chart, { identity: '${name.replace(/-(?:stores|controllers)$/, '')}' }); or, once a backup was read back, acknowledge it in the environment: removals: [{ kustomization: '${name}', reason: 'why', until: '<year>-<month>-<day>' }]`,
    });
  }
  return { findings: [...findings, ...removals.flatMap((each) => idle(each, needed, source))], needed };
}

function idle(removal: Removal, needed: readonly Removal[], source: Finding['source']): Finding[] {
  const about = { object: `removals: ${removal.kustomization}`, source };
  if (!isDay(removal.until)) {
    return [
      {
        ...about,
        rule: 'removal-date',
        severity: 'error',
        message: `until: "${removal.until}" is no day`,
        fix: 'write it as 2026-12-31',
      },
    ];
  }
  if (needed.includes(removal)) return [];
  return [
    {
      ...about,
      rule: 'unused-removal',
      severity: 'warning',
      message: 'acknowledges nothing: no committed Kustomization of that name goes with data behind it',
      fix: 'remove it',
    },
  ];
}

const isDay = (text: string) =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

/** Acknowledgements whose last day is past; `today` comes from whoever has a calendar. */
export const lapsed = (needed: readonly Removal[], today: string, environment: string): Finding[] =>
  needed.flatMap(({ kustomization, reason, until }) =>
    until >= today
      ? []
      : [
          {
            rule: 'lapsed-removal',
            severity: 'error' as const,
            object: `removals: ${kustomization}`,
            source: { file: `charts/environments/${environment}.ts`, line: 1 },
            message: `was acknowledged until ${until} (${reason}), and today is ${today}`,
            fix: 'look again whether it may go, and give it a new day; or keep it',
          },
        ],
  );
