import { Construct, type IConstruct } from 'constructs';
import { KubeCronJob } from '../imports/k8s.ts';
import { refuse } from '../imports/relations.ts';
import type { Dependency } from './dependency.ts';
import type { HaStatefulStore } from './ha-stateful-store.ts';
import type { Image } from './images.ts';
import { runOnChange } from './jobs.ts';
import { namespaceOf } from './labels.ts';
import { Pod } from './pod.ts';
import type { Grants } from './stores/vault/policies.ts';
import type { VaultClients } from './stores/vault.ts';
import { FOLDER, initGrants, KEY, PUBLIC, rotateGrants, signerGrants, verifierGrants } from './vault-jwt-init/paths.ts';
import { beginScript, nextScript, stepScript } from './vault-jwt-init/rotation.ts';
import {
  checkScript,
  generateScript,
  publishScript,
  storeScript,
  verifyScript,
  waitScript,
} from './vault-jwt-init/scripts.ts';

export interface JwtAccounts {
  /** Namespace of the construct. */
  readonly namespace: string;
  /** Read the private part, to sign: `<namespace>/<name>` of ServiceAccounts. */
  readonly signers: readonly string[];
  /** Read public parts, to check. */
  readonly verifiers: readonly string[];
}

export interface VaultJwtInitProps {
  /** Its `policies` include those of `jwtPolicies`. */
  readonly vault: HaStatefulStore<VaultClients>;
  readonly accounts: JwtAccounts;
  /** How long a token may be valid, and with it a former key. @default 1440 */
  readonly tokenMinutes?: number;
  /** In which every service has read the public keys again. @default 60 */
  readonly settleMinutes?: number;
  /** Vault's has no openssl. */
  readonly images: { readonly vault: Image; readonly openssl: Image };
}

const INIT = 'vault-jwt-init';
const ROTATE = 'vault-jwt-rotate';

/** What each account may do, for the engine: who signs reads the pair, who checks the public part, and nobody else anything. */
export const jwtPolicies = ({ namespace, signers, verifiers }: JwtAccounts): Readonly<Record<string, Grants>> => ({
  [`${namespace}/${INIT}`]: initGrants,
  [`${namespace}/${ROTATE}`]: rotateGrants,
  ...Object.fromEntries(verifiers.map((account) => [account, verifierGrants])),
  ...Object.fromEntries(signers.map((account) => [account, signerGrants])),
});

/**
 * The key pair that tokens are signed with, 4096 bits of RSA, made once: a Job stores it at `secret/jwt/keys/default` (`private`,
 * `public`, `kid`) if Vault says that there is none, and fails on every other answer. It has no right to replace one, so
 * ten at once make one version. What Vault then has is read back, private part held against public, and the public one
 * published at `secret/jwt/public/default` by key id. Keys are in memory and in Vault, in no log, image or Secret.
 *
 * A suspended CronJob rotates, three times `kubectl create job --from=cronjob/vault-jwt-rotate <any name>`: publishes a
 * second key, signs with it, takes the first one back, each when what is issued allows. Where Vault forgets (mode
 * `dev`), the pair is made anew within five minutes of its restart.
 *
 * Services use `client('app/security')`: their pods wait for the key and never make one. Refuses accounts without such
 * a policy, and times that are none.
 * @see https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2
 */
export class VaultJwtInit extends Construct {
  readonly #props: VaultJwtInitProps;

  constructor(scope: Construct, id: string, props: VaultJwtInitProps) {
    super(scope, id);
    const { vault, accounts, images, tokenMinutes = 24 * 60, settleMinutes = 60 } = props;
    const account = (name: string) => `${accounts.namespace}/${name}`;
    this.#props = props;

    const { template, metadata } = this.pod(INIT, [
      { name: 'check', image: images.vault, script: checkScript(account(INIT)) },
      { name: 'generate', image: images.openssl, script: generateScript },
      { name: 'store', image: images.vault, script: storeScript(account(INIT)) },
      { name: 'verify', image: images.openssl, script: verifyScript },
      { name: 'publish', image: images.vault, script: publishScript(account(INIT)) },
    ]);
    runOnChange(this, metadata, { backoffLimit: 6, template });
    if (vault.forgets) {
      new KubeCronJob(this, 'again', {
        metadata,
        spec: { schedule: '*/5 * * * *', ...once, jobTemplate: { spec: { backoffLimit: 0, template } } },
      });
    }

    const rotation = this.pod(ROTATE, [
      { name: 'begin', image: images.vault, script: beginScript(account(ROTATE)) },
      { name: 'generate', image: images.openssl, script: nextScript },
      { name: 'step', image: images.vault, script: stepScript(account(ROTATE), { settleMinutes, tokenMinutes }) },
    ]);
    new KubeCronJob(this, 'rotation', {
      metadata: rotation.metadata,
      spec: {
        schedule: '0 0 1 1 *',
        suspend: true,
        ...once,
        jobTemplate: { spec: { backoffLimit: 0, template: rotation.template } },
      },
    });
    refuse(this, [
      ...Object.entries({ tokenMinutes, settleMinutes })
        .filter(([, minutes]) => !(Number.isInteger(minutes) && minutes >= 0))
        .map(([field, minutes]) => `${field}: ${minutes} is no time to wait for; give whole minutes`),
      ...(accounts.signers.length ? [] : ['accounts.signers: none, nobody could sign a token; name who may']),
      ...(namespaceOf(this) === accounts.namespace
        ? []
        : [
            `accounts.namespace: ${accounts.namespace} is not ${namespaceOf(this)}, Vault would not log its Jobs in; give the chart's`,
          ]),
    ]);
  }

  /** For the workload of that account, `<namespace>/<name>`: the way to Vault, and a wait until the key is published. */
  client(account: string): Dependency & { readonly address: string } {
    const { vault, accounts, images } = this.#props;
    const client = vault.client(account);
    const isSigner = accounts.signers.includes(account);
    const { address, env, files, endpoints } = client.reads(
      ...(isSigner ? [`secret/data/${KEY}`] : []),
      `secret/data/${PUBLIC}`,
    );
    const script = '/vault/wait-for-key.sh';
    return {
      address,
      env,
      files: { ...files, [script]: waitScript(account, address) },
      endpoints,
      construct: this as IConstruct,
      wait: { name: 'wait-for-key', image: images.vault, command: ['sh', script] },
    };
  }

  /** One container after another; they share nothing but what is in memory. The last one is the pod's own. */
  private pod(name: string, steps: readonly Step[]) {
    const { vault, accounts } = this.#props;
    const path = (step: Step) => `/scripts/${step.name}.sh`;
    const program = (step: Step) => ({ image: step.image, command: ['sh', path(step)] });
    const { image, command } = program(steps.at(-1)!);
    const pod = new Pod(this, `${name}-pod`, {
      name,
      image,
      size: 'small',
      run: { command, user: 100, group: 1000, inMemory: [FOLDER] },
      // Shorter than the command line's own minute: a request that hangs is asked again.
      env: { VAULT_CLIENT_TIMEOUT: '20s', HOME: FOLDER },
      files: Object.fromEntries(steps.map((step) => [path(step), step.script])),
      uses: [vault.client(`${accounts.namespace}/${name}`)],
    });
    const template = pod.template({
      pod: {
        restartPolicy: 'Never',
        initContainers: steps.slice(0, -1).map((step) => pod.container(step.name, program(step))),
      },
    });
    return { template, metadata: pod.metadata };
  }
}

interface Step {
  readonly name: string;
  readonly image: Image;
  readonly script: string;
}

const once = { timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' } as const;
