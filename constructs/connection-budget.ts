import { Construct } from 'constructs';
import { refuse } from '../imports/relations.ts';

export interface ConnectionBudgetProps {
  /** `max_connections` of the server. */
  readonly maxConnections: number;
  /** Connections that applications never get: `superuser_reserved_connections` and what the provider runs itself. @default 3 */
  readonly reserved?: number;
  /** Everything that may be connected at one time. */
  readonly clients: readonly {
    readonly name: string;
    /** Most pods at one time, a rollout's surge included. @default 1 */
    readonly pods?: number;
    /** Connections that one pod may open. @default 1 */
    readonly each?: number;
  }[];
}

/**
 * Renders nothing; refuses a scale at which PostgreSQL would turn clients away ("sorry, too many clients already"), which
 * otherwise first happens under the load that the scaling was for.
 * @see https://www.postgresql.org/docs/current/runtime-config-connection.html
 */
export class ConnectionBudget extends Construct {
  constructor(scope: Construct, id: string, props: ConnectionBudgetProps) {
    super(scope, id);
    const { maxConnections, reserved = 3, clients } = props;
    const available = maxConnections - reserved;
    const wanted = clients.reduce((sum, { pods = 1, each = 1 }) => sum + pods * each, 0);
    if (wanted <= available) return;

    const [largest] = [...clients].sort((a, b) => (b.pods ?? 1) * (b.each ?? 1) - (a.pods ?? 1) * (a.each ?? 1));
    const { name, pods = 1, each = 1 } = largest!;
    const fits = Math.floor((available - (wanted - pods * each)) / pods);
    refuse(this, [
      `connections: ${clients.map((client) => `${client.name} ${client.pods ?? 1} x ${client.each ?? 1}`).join(' + ')} = ${wanted}, ` +
        `the server leaves ${available} (max_connections ${maxConnections} less ${reserved} reserved); ` +
        `${fits > 0 ? `give each pod of ${name} at most ${fits}, or ` : ''}run fewer pods, or raise max_connections`,
    ]);
  }
}
