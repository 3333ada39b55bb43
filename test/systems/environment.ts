import { allEnvironments, load } from '../../commands/project.ts';
import { ENVIRONMENT, type Environment, SEALED, TAGS } from '../../imports/environment.ts';
import type { KubeObject, Rendered } from '../../synth/manifest.ts';
import { render } from '../../synth/render.ts';

// biome-ignore lint/suspicious/noExplicitAny: assertions reach into plain objects of every kind.
export type Plain = any;

/** An environment as it is rendered, before checks and before anything is written. */
export function rendered(environment: Environment) {
  const context = { [ENVIRONMENT]: environment, [TAGS]: new Map(), [SEALED]: new Map() };
  const { manifests, declared, findings }: Rendered & { findings: readonly { message: string }[] } = render(
    environment,
    context,
  );
  const objects: readonly KubeObject[] = manifests.map(({ object }) => object);
  return {
    objects: objects as readonly Plain[],
    manifests,
    declared,
    problems: findings.map(({ message }) => message),
    find: (kind: string, namespace: string, name: string): Plain => {
      const found = objects.find(
        ({ kind: of, metadata }) => of === kind && metadata.namespace === namespace && metadata.name === name,
      );
      if (!found) throw new Error(`no ${kind} ${namespace}/${name} is rendered`);
      return found;
    },
  };
}

/** Every environment. One after the other, since Jest cannot import two at once. */
export async function everyEnvironment(): Promise<readonly Environment[]> {
  const all: Environment[] = [];
  for (const name of allEnvironments()) all.push(await load(name));
  return all;
}
