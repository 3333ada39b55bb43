import type { Scale } from '../../constructs/autoscaler.ts';
import type { Size } from '../../constructs/sizes.ts';

export type Category = 'gateway' | 'engine' | 'messenger' | 'chain proxy' | 'support';

/** Stores, by the word for them in the table. */
export type Store = 'postgresql' | 'redis' | 'mongodb' | 'rabbitmq' | 'attachments';

export interface Entry<Name extends string = string, Topic extends string = string> {
  readonly category: Category;
  /** What it is there for, in a line. */
  readonly does: string;
  /** The plan counts it and says no more: its needs here are a guess. @default - the plan describes it */
  readonly assumed?: true;
  readonly size: Size;
  /** @default - two pods */
  readonly scale?: Scale;
  /** Takes gRPC calls too, on port 5001. @default false */
  readonly grpc?: true;
  readonly uses?: readonly Store[];
  /** Topics of Kafka. @default - none */
  readonly produces?: readonly Topic[];
  readonly consumes?: readonly Topic[];
  /** Publishes events for the workers. @default false */
  readonly publishes?: true;
  readonly calls?: readonly Name[];
  /** Hosts outside the cluster, at port 443; `*` is any. @default - none */
  readonly reaches?: readonly string[];
  /** Variables that a provider gives the values of, as Secret `<service>-credentials`. @default - none */
  readonly secrets?: readonly string[];
  /** Files that a provider gives, by path: the name of the key. @default - none */
  readonly secretFiles?: Readonly<Record<string, string>>;
  /** Variables of its own. @default - none */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs by events or calls, and not at all without them. @default - runs always */
  readonly worker?: Worker;
}

export interface Worker {
  readonly min: number;
  readonly max: number;
  /** Requests that one pod works on at a time. @default 10 */
  readonly concurrency?: number;
  /** Type of the events that it is given. @default - it is called */
  readonly on?: `notifi.message.${string}`;
}

/** A table whose `calls` and topics have to be there. */
export const table =
  <const Topic extends string>(_topics: readonly { readonly name: Topic }[]) =>
  <const Name extends string>(entries: Readonly<Record<Name, Entry<NoInfer<Name>, Topic>>>) =>
    entries as Readonly<Record<Name, Entry<Name, Topic>>>;
