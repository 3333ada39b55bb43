/** How many pods Knative keeps for what there is to do. */
export interface KnativeScale {
  /** Pods when there is nothing to do. @default 0 */
  readonly min?: number;
  readonly max: number;
  /** Requests that one pod works on at a time; more of them wait for another pod. */
  readonly concurrency: number;
}

/** Why Knative would refuse this scale. */
export function scaleProblems({ min = 0, max, concurrency }: KnativeScale): string[] {
  const whole = (field: string, value: number, least: number) =>
    Number.isInteger(value) && value >= least
      ? []
      : [`scale.${field}: ${value} is not a whole number from ${least}; correct it`];
  return [
    ...whole('min', min, 0),
    ...whole('max', max, Math.max(min, 1)),
    ...(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 1000
      ? []
      : [`scale.concurrency: ${concurrency} requests at a time, Knative takes 1 to 1000; correct it`]),
  ];
}
