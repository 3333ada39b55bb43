import { groupBy } from '../group-by.ts';
import type { Origin } from '../manifest.ts';
import { inTexts } from '../resolve/json.ts';
import type { Entry, Listed } from './page.ts';
import { plural } from './sides.ts';
import type { Edit } from './values.ts';
import { sentenceOf } from './words.ts';

/** What happens alike to one object or to many. */
export interface Fold {
  /** `Deployment notifi/api`, or `37 Deployments`. */
  readonly label: string;
  readonly objects: readonly string[];
  readonly edits: readonly { readonly text: string; readonly detail?: string }[];
  /** The lines of TypeScript, or of YAML, that they come from. */
  readonly sources: readonly Origin[];
}

/** An object's own name, where it stands in a field or a value: the same change says it differently everywhere. */
const NAME = '<name>';

/** Folds what changes alike into one line; what several objects share comes first. */
export function foldsOf(changes: readonly Listed[]): Fold[] {
  const single = changes.flatMap((change) => (change.edits ?? []).map((edit) => ({ change, edit })));
  const alike = groupBy(single, ({ change, edit }) => keyOf(change, edit));
  const lines = [...alike.values()].map((group) => ({
    members: group.map(({ change }) => change),
    edit: group.length > 1 ? general(group[0]!.edit, group[0]!.change) : group[0]!.edit,
  }));
  const sets = groupBy(lines, ({ members }) => members.map(idOf).join('\n'));
  return [...sets.values()]
    .map((group) =>
      foldOf(
        group[0]!.members,
        group.map(({ edit }) => edit),
      ),
    )
    .sort((a, b) => b.objects.length - a.objects.length);
}

const idOf = ({ apiVersion, object }: Listed) => `${apiVersion} ${object}`;

const shortName = ({ object }: Entry) => object.slice(Math.max(object.lastIndexOf('/'), object.lastIndexOf(' ')) + 1);

function keyOf(change: Listed, edit: Edit): string {
  const { path, op, before, after, index } = general(edit, change);
  return JSON.stringify([path, op, before, after, index]);
}

/** An edit as every object has it that shares it. */
function general({ path, before, after, inside, ...edit }: Edit, entry: Entry): Edit {
  const plain = <T>(value: T) => inTexts(value, (text) => unnamed(text, entry)) as T;
  return {
    ...edit,
    path: plain(path),
    before: plain(before),
    after: plain(after),
    inside:
      inside?.format === 'text'
        ? { ...inside, lines: plain(inside.lines) }
        : inside && { ...inside, edits: inside.edits.map((each) => general(each, entry)) },
  };
}

/** `text` without what differs everywhere: the name of what it is about (one of a letter or two stands in every word), hashes. */
export function unnamed(text: string, entry: Entry): string {
  const name = shortName(entry);
  return (name.length > 2 ? text.replaceAll(name, NAME) : text).replaceAll(/\b[0-9a-f]{16,64}\b/g, '<hash>');
}

function foldOf(members: readonly Listed[], edits: readonly Edit[]): Fold {
  const places = new Map(members.flatMap(({ source }) => (source ? [[`${source.file}:${source.line}`, source]] : [])));
  return {
    label: labelOf(members),
    objects: members.map(({ object }) => object),
    edits: edits.map((edit) => ({
      text: sentenceOf(edit),
      ...(edit.inside?.format === 'text' ? { detail: edit.inside.lines } : {}),
    })),
    sources: [...places.values()],
  };
}

/** Up to three by their names, more by their kinds: `37 Deployments`. */
export function labelOf(members: readonly Entry[]): string {
  if (members.length <= 3) return members.map(({ object }) => object).join(', ');
  const kinds = groupBy(members, ({ object }) => object.slice(0, object.indexOf(' ')));
  return [...kinds].map(([kind, { length }]) => plural(length, kind)).join(', ');
}
