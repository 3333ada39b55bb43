import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import { type Environment, environmentOf } from '../imports/environment.ts';
import type { End } from '../imports/relations.ts';
import { refuse } from '../imports/relations.ts';
import type { Dependency, Endpoint, Env } from './dependency.ts';

export interface ExternalProps {
  /** DNS name or address, as the client is configured with it. */
  readonly host: string;
  /** @default [443] */
  readonly ports?: readonly number[];
  /** Where the host's addresses are, when its owner publishes them. @default - anywhere outside the cluster */
  readonly cidrs?: readonly string[];
  /** Variables that tell the client about it. @default - none */
  readonly env?: Env;
}

/**
 * A service outside the cluster: a cloud database, a mail provider. Renders nothing; pods that use it may connect to its
 * ports. NetworkPolicy knows addresses, not names: without `cidrs` the way is open to every address but the cluster's own
 * and the cloud's metadata service. Refuses a port outside 1-65535.
 */
export class External extends Construct implements Dependency {
  readonly host: string;
  readonly env?: Env;
  readonly endpoints: readonly Endpoint[];
  /** Nothing in this cluster has to wait for it. */
  readonly construct?: IConstruct;

  constructor(scope: Construct, id: string, props: ExternalProps) {
    super(scope, id);
    const { host, ports = [443], cidrs, env } = props;
    const ends: End[] = cidrs?.map((cidr) => ({ cidr })) ?? [outside(environmentOf(this))];
    this.host = host;
    this.env = env;
    this.endpoints = ends.flatMap((to) => ports.map((port) => ({ to, port })));
    refuse(
      this,
      ports.flatMap((port) => portProblems('ports', port)),
    );
  }
}

/** Every address but the cluster's own and the link-local one where clouds hand out machine credentials. */
function outside({ network }: Environment): End {
  return {
    cidr: '0.0.0.0/0',
    except: [...new Set([network.pods, network.services, ...network.nodes, '169.254.169.254/32'])],
  };
}

export function portProblems(field: string, port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? []
    : [`${field}: ${port} is not a port, it has to be a whole number from 1 to 65535; correct it`];
}
