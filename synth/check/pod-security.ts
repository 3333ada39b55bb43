import { type Json, map, maps, number, strings, text, texts } from '../resolve/json.ts';
import type { Container, Workload } from '../resolve/workloads.ts';

/** A field of a pod that a profile forbids. */
export interface Violation {
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

type Check = (pod: Workload) => Iterable<Violation>;

const ADDABLE = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
const SAFE_SYSCTLS = new Set(
  'kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_unprivileged_port_start net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_rmem net.ipv4.tcp_wmem'.split(
    ' ',
  ),
);
const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);
const SANDBOXED = new Set(['RuntimeDefault', 'Localhost']);
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

const contextOf = ({ spec }: Pick<Container, 'spec'>) => map(spec.securityContext);

/** The pod's own security context and that of every container, each with its path. */
const contexts = ({ pod, podPath, containers }: Workload) => [
  { path: `${podPath}.securityContext`, context: map(pod.securityContext) },
  ...containers.map((container) => ({ path: `${container.path}.securityContext`, context: contextOf(container) })),
];

const isWindows = ({ pod }: Workload) => map(pod.os).name === 'windows';

/** Every context in which `bad` finds something to say about the value. */
function* eachContext(workload: Workload, name: string, bad: (value: unknown) => string | undefined, fix: string) {
  for (const { path, context } of contexts(workload)) {
    const [first, ...rest] = name.split('.');
    const value = rest.reduce<unknown>((outer, key) => map(outer)[key], context[first!]);
    const message = bad(value);
    const field = `${path}.${name}`;
    if (message) yield { field, message: `${field}: ${message}`, fix };
  }
}

const outside = (allowed: ReadonlySet<string>) => (value: unknown) =>
  value === undefined || allowed.has(`${value}`)
    ? undefined
    : `"${value}" is not one of ${[...allowed].filter(Boolean).join(', ')}`;

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline, as of Kubernetes 1.34 */
const BASELINE: readonly Check[] = [
  (workload) =>
    eachContext(
      workload,
      'windowsOptions.hostProcess',
      (value) => (value === true ? 'true' : undefined),
      'set it to false',
    ),
  function* hostNamespaces({ pod, podPath }) {
    for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) {
      const field = `${podPath}.${name}`;
      if (pod[name] === true) yield { field, message: `${field}: shares the node's namespace`, fix: 'set it to false' };
    }
  },
  (workload) =>
    eachContext(workload, 'privileged', (value) => (value === true ? 'true' : undefined), 'set it to false'),
  function* addedCapabilities({ containers }) {
    for (const container of containers) {
      const added = texts(map(contextOf(container).capabilities).add).filter((name) => !ADDABLE.has(name));
      const field = `${container.path}.securityContext.capabilities.add`;
      if (added.length) yield { field, message: `${field}: ${added.join(', ')}`, fix: 'leave them out' };
    }
  },
  function* hostPaths({ volumes, podPath }) {
    for (const [i, { hostPath, name }] of volumes.entries()) {
      const field = `${podPath}.volumes[${i}].hostPath`;
      if (hostPath)
        yield {
          field,
          message: `${field}: volume "${name}" is a folder of the node`,
          fix: 'use a claim or an emptyDir',
        };
    }
  },
  function* hostPorts({ containers }) {
    for (const { path, ports } of containers) {
      for (const [i, { hostPort }] of ports.entries()) {
        const field = `${path}.ports[${i}].hostPort`;
        if (number(hostPort))
          yield { field, message: `${field}: ${hostPort} is a port of the node`, fix: 'use a Service' };
      }
    }
  },
  function* hostProbes({ containers }) {
    for (const { path, spec } of containers) {
      const { postStart, preStop } = map(spec.lifecycle);
      const handlers: Record<string, unknown> = {
        livenessProbe: spec.livenessProbe,
        readinessProbe: spec.readinessProbe,
        startupProbe: spec.startupProbe,
        'lifecycle.postStart': postStart,
        'lifecycle.preStop': preStop,
      };
      for (const [name, handler] of Object.entries(handlers)) {
        for (const by of ['httpGet', 'tcpSocket']) {
          const host = text(map(map(handler)[by]).host);
          const field = `${path}.${name}.${by}.host`;
          if (host) yield { field, message: `${field}: "${host}"`, fix: 'leave host out: the pod itself is asked' };
        }
      }
    }
  },
  (workload) => eachContext(workload, 'appArmorProfile.type', outside(SANDBOXED), 'use RuntimeDefault'),
  function* appArmorAnnotations({ annotations, podPath }) {
    for (const [key, value] of Object.entries(annotations)) {
      if (!key.startsWith(APPARMOR) || value === '' || value === 'runtime/default' || value.startsWith('localhost/'))
        continue;
      const field = `${podPath.replace(/spec$/, 'metadata')}.annotations.${key}`;
      yield { field, message: `${field}: "${value}"`, fix: 'use runtime/default' };
    }
  },
  (workload) => eachContext(workload, 'seLinuxOptions.type', outside(SELINUX_TYPES), 'leave it out'),
  (workload) =>
    eachContext(workload, 'seLinuxOptions.user', (value) => (value ? `"${value}" is set` : undefined), 'leave it out'),
  (workload) =>
    eachContext(workload, 'seLinuxOptions.role', (value) => (value ? `"${value}" is set` : undefined), 'leave it out'),
  function* procMount({ containers }) {
    for (const container of containers) {
      const { procMount } = contextOf(container);
      const field = `${container.path}.securityContext.procMount`;
      if (procMount !== undefined && procMount !== 'Default')
        yield { field, message: `${field}: "${procMount}"`, fix: 'leave it out' };
    }
  },
  (workload) => eachContext(workload, 'seccompProfile.type', outside(SANDBOXED), 'use RuntimeDefault'),
  function* sysctls({ pod, podPath }) {
    for (const [i, { name }] of maps(map(pod.securityContext).sysctls).entries()) {
      const field = `${podPath}.securityContext.sysctls[${i}]`;
      if (!SAFE_SYSCTLS.has(`${name}`))
        yield { field, message: `${field}: "${name}" is not a safe one`, fix: 'leave it out' };
    }
  },
];

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, beyond baseline */
const RESTRICTED: readonly Check[] = [
  function* volumeTypes({ volumes, podPath }) {
    for (const [i, volume] of volumes.entries()) {
      // An API server that knows no type in it makes it an emptyDir.
      const type = Object.keys(volume).find((key) => key !== 'name');
      if (!type || type === 'hostPath' || VOLUMES.some((allowed) => volume[allowed])) continue;
      const field = `${podPath}.volumes[${i}]`;
      yield { field, message: `${field}: a volume of type ${type}`, fix: 'use a claim whose volume is of that type' };
    }
  },
  function* privilegeEscalation(workload) {
    if (isWindows(workload)) return;
    for (const container of workload.containers) {
      if (contextOf(container).allowPrivilegeEscalation === false) continue;
      const field = `${container.path}.securityContext.allowPrivilegeEscalation`;
      yield { field, message: `${field}: not false`, fix: 'set it to false' };
    }
  },
  function* nonRoot(workload) {
    const [pod, ...containers] = contexts(workload);
    const field = ({ path }: typeof pod & {}) => `${path}.runAsNonRoot`;
    for (const each of [pod!, ...containers]) {
      const stated = each.context.runAsNonRoot;
      const isCovered = each === pod ? stated !== false : (stated ?? pod!.context.runAsNonRoot) === true;
      if (!isCovered)
        yield {
          field: field(each),
          message: `${field(each)}: not true`,
          fix: 'set it to true, with a numeric runAsUser',
        };
    }
  },
  (workload) =>
    eachContext(workload, 'runAsUser', (value) => (value === 0 ? '0 is root' : undefined), 'use another user'),
  function* seccomp(workload) {
    if (isWindows(workload)) return;
    const [pod, ...containers] = contexts(workload);
    const profile = (context: Json) => map(context.seccompProfile).type;
    if (profile(pod!.context) !== undefined) return;
    for (const { path, context } of containers) {
      if (profile(context) !== undefined) continue;
      const field = `${path}.seccompProfile`;
      yield {
        field,
        message: `${field}: missing, and the pod has none`,
        fix: 'set seccompProfile.type: RuntimeDefault on the pod',
      };
    }
  },
  function* capabilities(workload) {
    if (isWindows(workload)) return;
    for (const container of workload.containers) {
      const { drop, add } = map(contextOf(container).capabilities);
      const path = `${container.path}.securityContext.capabilities`;
      if (!texts(drop).includes('ALL'))
        yield { field: `${path}.drop`, message: `${path}.drop: without ALL`, fix: 'drop ALL' };
      const added = texts(add).filter((name) => name !== 'NET_BIND_SERVICE' && ADDABLE.has(name));
      if (added.length)
        yield { field: `${path}.add`, message: `${path}.add: ${added.join(', ')}`, fix: 'leave them out' };
    }
  },
];

const PROFILES = { baseline: BASELINE, restricted: RESTRICTED };

/** What a profile forbids in these pods; `restricted` gives only what `baseline` does not. */
export function* violations(profile: keyof typeof PROFILES, workload: Workload): Iterable<Violation> {
  for (const check of PROFILES[profile]) yield* check(workload);
}

/** The level that a Namespace enforces. */
export const enforcedLevel = (labels: unknown) => strings(labels)['pod-security.kubernetes.io/enforce'];
