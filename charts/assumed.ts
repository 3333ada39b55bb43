/** A fact that a plan does not give and its cluster cannot do without: a guess until its owner has looked. */
export interface Assumed<T = unknown> {
  readonly value: T;
  /** What it was taken from. */
  readonly because: string;
  /** How its owner finds out; then it is written here, and the line goes from the list of guesses. */
  readonly look: string;
}

/** Every guess of one environment, by name; `docs/<environment>.md` lists them, and a test holds it to that. */
export type AssumedFacts = Readonly<Record<string, Assumed>>;
