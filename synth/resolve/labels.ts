import { push } from '../group-by.ts';
import { matches, type Selector } from './selectors.ts';

/** Finds labelled things without comparing every selector with every one of them. */
export class LabelIndex<T> {
  readonly #byPair = new Map<string, Entry<T>[]>();
  readonly #byNamespace = new Map<string, Entry<T>[]>();
  readonly #all: Entry<T>[] = [];

  add(item: T, namespace: string, labels: Readonly<Record<string, string>>) {
    const entry = { item, namespace, labels };
    this.#all.push(entry);
    push(this.#byNamespace, namespace, entry);
    for (const key in labels) push(this.#byPair, `${key}=${labels[key]}`, entry);
  }

  /** In one namespace, or in all of them. */
  select(namespace: string | undefined, selector: Selector): readonly T[] {
    const found = this.#candidates(namespace, selector).filter(
      (entry) => (namespace === undefined || entry.namespace === namespace) && matches(selector, entry.labels),
    );
    return found.map(({ item }) => item);
  }

  /** The rarest label of the selector decides how many are looked at. */
  #candidates(namespace: string | undefined, { labels }: Selector): readonly Entry<T>[] {
    let fewest = namespace === undefined ? this.#all : (this.#byNamespace.get(namespace) ?? []);
    for (const key in labels) {
      const some = this.#byPair.get(`${key}=${labels[key]}`) ?? [];
      if (some.length < fewest.length) fewest = some;
    }
    return fewest;
  }
}

interface Entry<T> {
  readonly item: T;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}
