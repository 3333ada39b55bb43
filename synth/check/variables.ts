import { map, text, texts } from '../resolve/json.ts';
import type { Container, Workload } from '../resolve/workloads.ts';
import type { Index } from '../resolve.ts';
import { didYouMean } from './nearest.ts';
import type { Rule } from './rule.ts';

const undefinedVariable: Rule = {
  name: 'undefined-variable',
  doc: 'A $(NAME) in an environment value, command or argument names no variable of its container: the text is passed on as it stands.',
  severity: 'error',
  *check({ index, closed }) {
    for (const workload of index.workloads) {
      for (const container of workload.containers) {
        const used = usesOf(container);
        if (!used.length) continue;
        const given = givenTo(container, workload, index);
        if (!given) continue;
        const defined = [...given, ...container.env.flatMap(({ name }) => text(name) ?? [])];
        for (const { field, name, before } of used) {
          // A value sees what envFrom gives and what stands above it.
          const known = before === undefined ? defined : [...given, ...before];
          if (known.includes(name) || isOfService(name, workload, index)) continue;
          const late = defined.includes(name);
          yield {
            manifest: workload.manifest,
            field,
            severity: closed ? 'error' : 'warning',
            message: `${field}: $(${name}) ${late ? 'is defined only below' : `is no variable of container "${container.name}"${didYouMean(name, defined)}`}`,
            fix: late
              ? `move ${name} above it`
              : 'define the variable, or write $$(NAME) where the text itself is meant',
          };
        }
      }
    }
  },
  breaks: pod('{name: PASSWORD, value: x}, {name: URL, value: postgres://api:$(PASWORD)@db}'),
  passes: pod(
    '{name: PASSWORD, value: x}, {name: URL, value: postgres://api:$(PASSWORD)@db}, {name: NOTE, value: $$(LITERAL)}, {name: API, value: https://$(KUBERNETES_SERVICE_HOST)}',
  ),
};

function pod(env: string) {
  return `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, env: [${env}]}]}
`;
}

/** Upper case only: in a shell script `$(date)` runs a command. */
const VARIABLE = /(\$*)\$\(([A-Z_][A-Z0-9_]*)\)/g;

interface Use {
  readonly field: string;
  readonly name: string;
  /** Variables above the one that uses it; absent for command and arguments, which see all. */
  readonly before?: readonly string[];
}

function usesOf({ path, env, spec }: Container): readonly Use[] {
  const found: Use[] = [];
  const look = (value: string | undefined, field: string, before?: readonly string[]) => {
    if (!value?.includes('$(')) return;
    // Two dollar signs stand for one.
    for (const [, dollars = '', name = ''] of value.matchAll(VARIABLE)) {
      if (dollars.length % 2 === 0) found.push({ field, name, before });
    }
  };
  env.forEach(({ value }, i) => {
    look(
      text(value),
      `${path}.env[${i}].value`,
      env.slice(0, i).flatMap(({ name }) => text(name) ?? []),
    );
  });
  for (const list of ['command', 'args']) {
    texts(spec[list]).forEach((value, i) => {
      look(value, `${path}.${list}[${i}]`);
    });
  }
  return found;
}

/** Variables that envFrom gives; undefined where only the cluster knows them. */
function givenTo({ envFrom }: Container, { namespace }: Workload, index: Index): readonly string[] | undefined {
  const names: string[] = [];
  for (const source of envFrom) {
    const kind = source.secretRef ? 'Secret' : 'ConfigMap';
    const keys = index.keysOf(kind, namespace, text(map(source.secretRef ?? source.configMapRef).name) ?? '');
    if (!keys || keys === 'any') return undefined;
    for (const key of keys) names.push(`${text(source.prefix) ?? ''}${key}`);
  }
  return names;
}

const OF_SERVICE = /^(.+?)_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_[A-Z]+(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/**
 * Variables that the kubelet adds itself: for the API server everywhere, with service links for every Service beside the pod.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isOfService(name: string, { namespace, pod }: Workload, index: Index): boolean {
  const service = OF_SERVICE.exec(name)?.[1]?.toLowerCase().replaceAll('_', '-');
  if (service === undefined || service === 'kubernetes') return service !== undefined;
  return pod.enableServiceLinks !== false && index.find('Service', namespace, service, '') !== undefined;
}

export const variableRules: readonly Rule[] = [undefinedVariable];
