/** The longest regular interval within the recovery point objective, in cron's words. */
export function scheduleOf(rpoMinutes: number): string {
  const [hours] = [24, 12, 8, 6, 4, 3, 2, 1].filter((interval) => interval * 60 <= rpoMinutes);
  if (hours) return hours === 24 ? '0 2 * * *' : hours === 1 ? '0 * * * *' : `0 */${hours} * * *`;
  const [minutes = 5] = [30, 20, 15, 10, 5].filter((interval) => interval <= rpoMinutes);
  return `*/${minutes} * * * *`;
}

/** Most minutes between two runs of a cron line; undefined where days are restricted, or it is no cron line. */
export function longestGap(schedule: string): number | undefined {
  const [minutes, hours, ...days] = schedule.trim().split(/\s+/);
  if (days.length !== 3 || days.some((field) => field !== '*')) return undefined;
  const runs = expand(hours!, 24).flatMap((hour) => expand(minutes!, 60).map((minute) => hour * 60 + minute));
  if (!runs.length) return undefined;
  return Math.max(...runs.map((run, index) => (runs[index + 1] ?? runs[0]! + 24 * 60) - run));
}

/** The numbers below `end` that a cron field names: `*`, `*\/15`, `8-18`, `0,30`. */
function expand(field: string, end: number): number[] {
  const wanted = field.split(',').map((part) => /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part));
  if (wanted.includes(null)) return [];
  return [...Array(end).keys()].filter((value) =>
    wanted.some((match) => {
      const [, from, to, step = '1'] = match!;
      const first = Number(from ?? 0);
      const last = Number(to ?? (from === undefined || match![3] ? end - 1 : from));
      return value >= first && value <= last && (value - first) % Number(step) === 0;
    }),
  );
}
