const FIELDS = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  {
    name: 'month',
    least: 1,
    most: 12,
    words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', least: 0, most: 6, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MACRO = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \d.*)$/;

/**
 * What is wrong with a CronJob schedule, as the controller's parser reads it; undefined where nothing is.
 * https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format
 */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule.startsWith('@')) return MACRO.test(schedule) ? undefined : 'there is no such abbreviation';
  if (/^(CRON_)?TZ=/.test(schedule)) return 'the time zone belongs into spec.timeZone';
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) return `it has ${parts.length} fields, not 5`;
  const sets = parts.map((part, i) => valuesOf(part, FIELDS[i]!));
  const fault = sets.find((set) => typeof set === 'string');
  if (fault) return fault as string;
  const [, , days, months] = sets as number[][];
  // Days of the month and of the week are alternatives, unless one of them is open.
  const never =
    /(^|,)[*?](-\w+)?(\/\+?1)?(,|$)/.test(parts[4]!) &&
    months!.every((month) => days!.every((day) => day > DAYS[month - 1]!));
  return never ? 'there is no such day in any of these months' : undefined;
}

/** The values that a field stands for, or what is wrong with it. */
function valuesOf(part: string, { name, least, most, words = [] }: (typeof FIELDS)[number] & { words?: string[] }) {
  const values: number[] = [];
  for (const item of part.split(',').filter(Boolean)) {
    const [, from = '', to, step] = /^(\*|\?|\+?\w+)(?:-(\+?\w+))?(?:\/(\+?\d+))?$/.exec(item) ?? [];
    const any = from === '*' || from === '?';
    const read = (value: string) => {
      const word = words.indexOf(value.toLowerCase());
      return word >= 0 ? word + least : /^\+?\d+$/.test(value) ? Number(value) : Number.NaN;
    };
    const first = any ? least : read(from);
    const last = any || (step && to === undefined) ? most : to === undefined ? first : read(to);
    if (!(first >= least && last <= most && first <= last) || Number(step) === 0) {
      return `"${item}" is no ${name} from ${least} to ${most}`;
    }
    for (let value = first; value <= last; value += Number(step ?? 1)) values.push(value);
  }
  return values;
}
