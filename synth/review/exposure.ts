import type { KubeObject } from '../manifest.ts';
import { at, map, maps, strings, text, texts } from '../resolve/json.ts';
import type { Index } from '../resolve.ts';
import type { Caution, Reach } from './page.ts';
import { kept, manifestOf, type Sides } from './sides.ts';

/** Ways in from outside the cluster that an object opens: `https://app.example.org/`, `LoadBalancer`. */
function doorsOf({ kind, spec, apiVersion }: KubeObject): readonly string[] {
  const fields = map(spec);
  if (kind === 'Service' && apiVersion === 'v1') {
    const type = text(fields.type) ?? 'ClusterIP';
    return /^(?:NodePort|LoadBalancer)$/.test(type)
      ? [
          `${type} on ${maps(fields.ports)
            .map(({ port }) => port)
            .join(', ')}`,
        ]
      : [];
  }
  if (kind === 'Ingress') {
    return maps(fields.rules).flatMap((rule) =>
      maps(at(rule, 'http', 'paths')).map(({ path = '/' }) => `${rule.host ?? '*'}${path}`),
    );
  }
  if (kind === 'HTTPRoute' || kind === 'GRPCRoute' || kind === 'TLSRoute') {
    const paths = maps(fields.rules).flatMap((rule) =>
      maps(rule.matches).map((match) => text(at(match, 'path', 'value')) ?? '/'),
    );
    return (texts(fields.hostnames).length ? texts(fields.hostnames) : ['*']).flatMap((host) =>
      (paths.length ? paths : ['/']).map((path) => `${host}${path}`),
    );
  }
  if (/^IngressRoute/.test(kind)) return maps(fields.routes).flatMap(({ match }) => text(match) ?? []);
  return [];
}

export function exposureReach({ changes, entry }: Sides): Reach[] {
  return changes.flatMap((change) => {
    const before = 'before' in change ? doorsOf(change.before) : [];
    const after = 'after' in change ? doorsOf(change.after) : [];
    const object = 'after' in change ? change.after : change.before;
    const came = after.filter((door) => !before.includes(door));
    const went = before.filter((door) => !after.includes(door));
    return [
      ...(came.length
        ? [
            {
              ...entry(object),
              direction: 'widened' as const,
              by: 'exposure' as const,
              message: `reachable from outside: ${came.join(', ')}`,
            },
          ]
        : []),
      ...(went.length
        ? [
            {
              ...entry(object),
              direction: 'narrowed' as const,
              by: 'exposure' as const,
              message: `no longer reachable from outside: ${went.join(', ')}`,
            },
          ]
        : []),
    ];
  });
}

/** What a pod may do to its node. */
function powersOf(object: KubeObject, index: Index): readonly string[] {
  const manifest = manifestOf(object, index);
  const workload = manifest && index.workloadOf(manifest);
  if (!workload) return [];
  const { pod, containers, volumes } = workload;
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => pod[field] === true),
    ...volumes.flatMap((volume) => (volume.hostPath ? [`the node's ${at(volume, 'hostPath', 'path')}`] : [])),
    ...containers.flatMap(({ name, spec, ports }) => [
      ...(at(spec, 'securityContext', 'privileged') === true ? [`container ${name} is privileged`] : []),
      ...(at(spec, 'securityContext', 'allowPrivilegeEscalation') === true
        ? [`container ${name} may gain privileges`]
        : []),
      ...(at(spec, 'securityContext', 'runAsUser') === 0 ? [`container ${name} runs as root`] : []),
      ...texts(at(spec, 'securityContext', 'capabilities', 'add')).map(
        (capability) => `container ${name} has ${capability}`,
      ),
      ...ports.flatMap(({ hostPort }) => (hostPort ? [`port ${hostPort} of the node`] : [])),
    ]),
  ];
}

export function privilegeReach({ base, head, changes, entry }: Sides): Reach[] {
  return changes.flatMap((change) => {
    if (change.kind === 'removed') return [];
    const before = 'before' in change ? powersOf(change.before, base) : [];
    const after = powersOf(change.after, head);
    const came = after.filter((power) => !before.includes(power));
    const went = before.filter((power) => !after.includes(power));
    const at = entry(change.after);
    return [
      ...(came.length
        ? [
            {
              ...at,
              direction: 'widened' as const,
              by: 'privilege' as const,
              message: `power over the node: ${came.join(', ')}`,
            },
          ]
        : []),
      ...(went.length
        ? [
            {
              ...at,
              direction: 'narrowed' as const,
              by: 'privilege' as const,
              message: `no longer: ${went.join(', ')}`,
            },
          ]
        : []),
    ];
  });
}

const LEVELS = ['privileged', 'baseline', 'restricted'];
const ENFORCE = 'pod-security.kubernetes.io/enforce';

export function* exposureCautions(sides: Sides, reaches: readonly Reach[]): Iterable<Caution> {
  for (const { object, source, by, direction, message } of reaches) {
    if (by === 'privilege' && direction === 'widened')
      yield { object, source, rule: 'privileged', level: 'risky', message };
    if (by === 'exposure' && direction === 'widened' && /NodePort|LoadBalancer/.test(message))
      yield { object, source, rule: 'exposed', level: 'risky', message };
    if (by === 'exposure' && direction === 'narrowed')
      yield { object, source, rule: 'unreachable', level: 'risky', message };
  }
  for (const { before, after } of kept(sides)) {
    if (after.kind !== 'Namespace') continue;
    const [was, is] = [before, after].map(({ metadata }) => strings(metadata.labels)[ENFORCE] ?? 'privileged');
    if (was === is) continue;
    const weaker = LEVELS.indexOf(is!) < LEVELS.indexOf(was!);
    const message = weaker
      ? `Pod Security falls from ${was} to ${is}`
      : `Pod Security rises from ${was} to ${is}: pods that break it are refused once they restart`;
    yield { ...sides.entry(after), rule: 'pod-security', level: 'risky', message };
  }
}
