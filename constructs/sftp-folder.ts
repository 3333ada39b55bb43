import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import { Credential } from './credential.ts';
import type { Dependency, Endpoint, Env, Files } from './dependency.ts';
import { External } from './external.ts';

export interface SftpFolderProps {
  readonly host: string;
  /** Of the host, where its name is one of the own network: `192.168.1.20/32`. @default - anywhere outside the cluster */
  readonly cidrs?: readonly string[];
  /** @default 22 */
  readonly port?: number;
  readonly user: string;
  /** Of the folder, as that user sees it: `/volume1/backups`. */
  readonly path: string;
  /** Namespaces that write to it. @default - the chart's */
  readonly namespaces?: readonly string[];
}

/**
 * A folder of a NAS, or of a computer with a USB disk, for programs that speak rclone: they find it as `$TARGET`. Nothing is
 * mounted, so a host that is away fails a backup and hangs no node. Renders nothing but a Credential of the construct's id: a
 * private key, and `known_hosts`, the host's own key as ssh-keyscan prints it, without which it could be anybody.
 * @see https://rclone.org/sftp/
 */
export class SftpFolder extends Construct {
  readonly #props: SftpFolderProps;
  readonly #credential: Credential;
  readonly #endpoints: readonly Endpoint[];

  constructor(scope: Construct, id: string, props: SftpFolderProps) {
    super(scope, id);
    const { host, cidrs, port = 22, namespaces } = props;
    this.#props = props;
    this.#credential = new Credential(this, id, { namespaces, keys: { id_ed25519: 'given', known_hosts: 'given' } });
    this.#endpoints = new External(this, 'ssh', { host, cidrs, ports: [port] }).endpoints;
  }

  /** A folder below it. */
  folder(name: string): Dependency {
    const { host, port = 22, user, path } = this.#props;
    const env: Env = {
      TARGET: `:sftp:${path}/${name}`,
      RCLONE_SFTP_HOST: host,
      RCLONE_SFTP_PORT: port,
      RCLONE_SFTP_USER: user,
      RCLONE_SFTP_KEY_FILE: KEY,
      RCLONE_SFTP_KNOWN_HOSTS_FILE: HOSTS,
      // Some of these computers have no shell to count checksums in: what arrived is read again.
      RCLONE_DOWNLOAD: true,
    };
    const files: Files = { [KEY]: this.#credential.key('id_ed25519'), [HOSTS]: this.#credential.key('known_hosts') };
    const construct: IConstruct = this.#credential;
    return { env, files, endpoints: this.#endpoints, construct };
  }
}

const KEY = '/secrets/sftp/id_ed25519';
const HOSTS = '/secrets/sftp/known_hosts';
