/** New files, and what their author has to do next. */
export interface Scaffold {
  /** By path relative to the repository. */
  readonly files: Readonly<Record<string, string>>;
  readonly next: readonly string[];
}

const camel = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string) => camel(`-${name}`);

/** Words of TypeScript, and what the files written here call by name already. */
const TAKEN = new Set(
  'app await break case catch chart class const continue debugger default delete do else enum export extends false finally for function host if images implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
);

/** What it is called in TypeScript. */
const identifier = (name: string, kind: 'System' | 'Service') => camel(name) + (TAKEN.has(camel(name)) ? kind : '');

/** Refuses a name that could not be a folder, a namespace and a Flux Kustomization at once. */
function named(name: string): string {
  if (/^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$/.test(name)) return name;
  throw new Error(`"${name}" is no name for it: up to 50 of a-z, 0-9 and -, a letter first; for example shop`);
}

/** A cluster: one K3s node, every fact in its place. */
export function newEnvironment(name: string): Scaffold {
  const path = `charts/environments/${named(name)}.ts`;
  return {
    files: {
      [path]: `import type { Environment } from '../../imports/environment.ts';
import { k3s } from '../platform/k3s.ts';
import { platform } from '../platform/platform.ts';

// platform/k3s.ts holds what is alike in every K3s cluster; what is written below it wins.
export default {
  ...k3s,
  name: '${name}',
  // Of a cluster that reaches its registry and no git server: kind: 'oci', docs/artifacts.md.
  repository: { kind: 'git', url: 'ssh://git@github.com/you/fleet', branch: 'main' },
  nodes: [{ name: 'node-1', arch: 'amd64', cpu: '4', memory: '16Gi', disk: '256Gi' }],
  domain: '${name}.example.org',
  registries: { own: { prefix: 'ghcr.io/you' } },
  network: {
    ...k3s.network,
    nodes: ['192.168.1.0/24'],
    apiServer: { cidr: '192.168.1.10/32', port: 6443 },
  },
  systems: [
    platform({
      email: 'you@example.org',
      alerts: { slack: { channel: '#${name}' } },
      monitoring: { retention: '7d', storage: '20Gi', dns: 'coreDns' },
    }),
  ],
} satisfies Environment;
`,
    },
    next: [
      `${path}: correct repository, nodes, domain, addresses (nodes, apiServer), e-mail and channel`,
      `npm run synth -- ${name}, commit, push`,
      `flux bootstrap git --url=<repository> --branch=main --path=clusters/${name} --components-extra=image-reflector-controller,image-automation-controller, and add the key it prints to the repository, with write access`,
      `npm run synth -- ${name}, which lists flux-system/ from now on, and names the Secrets that are not sealed yet`,
      'npm run new -- system <name>, once something of your own should run there',
    ],
  };
}

/** A system: a chart with its namespace, its images and a first service. */
export function newSystem(name: string): Scaffold {
  const path = `charts/${named(name)}/${name}.ts`;
  return {
    files: {
      [path]: `import { Chart } from 'cdk8s';
import { OwnImages } from '../../constructs/images.ts';
import { Ingress } from '../../constructs/ingress.ts';
import { Namespace } from '../../constructs/namespace.ts';
import { Workload } from '../../constructs/workload.ts';
import type { System } from '../../imports/environment.ts';

/** What of this system differs from environment to environment. */
export interface ${pascal(name)}Facts {
  readonly host: string;
}

export const ${identifier(name, 'System')} =
  ({ host }: ${pascal(name)}Facts): System =>
  (app) => {
    const chart = new Chart(app, '${name}', { namespace: '${name}', disableResourceNameHashes: true });
    new Namespace(chart, 'namespace');
    const images = new OwnImages(chart, 'images');

    const web = new Workload(chart, 'web', {
      image: images.own('${name}-web', '0.1.0'),
      size: 'small',
      listens: { http: 8080 },
      health: { live: '/health/live', ready: '/health/ready' },
    });
    new Ingress(chart, 'ingress', { host, routes: { '/': web } });
  };
`,
    },
    next: [
      `${path}: name the image, its port and its health paths`,
      `charts/environments/<env>.ts: import { ${identifier(name, 'System')} } from '../${name}/${name}.ts'; and in systems ${identifier(name, 'System')}({ host: '${name}.example.org' })`,
      'npm run synth -- <env>',
    ],
  };
}

/** A service of a system that exists: one function, called from the system's chart. */
export function newService(system: string, name: string): Scaffold {
  const path = `charts/${named(system)}/${named(name)}.ts`;
  return {
    files: {
      [path]: `import type { Chart } from 'cdk8s';
import type { OwnImages } from '../../constructs/images.ts';
import { Workload } from '../../constructs/workload.ts';

export const add${pascal(name)} = (chart: Chart, images: OwnImages) =>
  new Workload(chart, '${name}', {
    image: images.own('${system}-${name}', '0.1.0'),
    size: 'small',
    listens: { http: 8080 },
    health: { live: '/health/live', ready: '/health/ready' },
    uses: [],
    calls: [],
  });
`,
    },
    next: [
      `${path}: name the image, its port and its health paths; what it needs goes to uses, whom it calls to calls`,
      `charts/${system}/${system}.ts: import { add${pascal(name)} } from './${name}.ts'; and const ${identifier(name, 'Service')} = add${pascal(name)}(chart, images);`,
      `whoever calls it: calls: [${identifier(name, 'Service')}]`,
      'npm run synth -- <env>',
    ],
  };
}
