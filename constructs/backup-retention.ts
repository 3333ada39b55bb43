import type { Dependency } from './dependency.ts';

/**
 * Which backups stay: those of the last days, or the last one of each of the latest days, weeks and months that have one,
 * so that nothing goes while nothing comes. Days begin at midnight UTC, weeks on Monday.
 */
export type Keep =
  | { readonly days: number }
  | { readonly daily: number; readonly weekly: number; readonly monthly: number };

/** When a backup was made, as it stands in its name, in rclone's words: names may begin alike, and go on with a digit. */
export const STAMP = '[0-9]???????T??????Z';

/** What an upload runs, and what it is told. */
export const retention = (keep: Keep): Pick<Dependency, 'env' | 'files'> =>
  'days' in keep
    ? { env: { KEEP: `${keep.days}d` }, files: { '/scripts/upload.sh': uploadScript(byAge) } }
    : {
        env: { KEEP_DAILY: keep.daily, KEEP_WEEKLY: keep.weekly, KEEP_MONTHLY: keep.monthly },
        files: { '/scripts/upload.sh': uploadScript(byPeriod) },
      };

export function keepProblems(keep: Keep): string[] {
  const least = (period: string) => (period === 'days' || period === 'daily' ? 1 : 0);
  return Object.entries(keep)
    .filter(([period, number]) => !Number.isInteger(number) || number < least(period))
    .map(
      ([period, number]) =>
        `keep.${period}: ${number} deletes what was just uploaded, or is no number; keep at least ${least(period)}`,
    );
}

const uploadScript = (prune: string) => `#!/bin/sh
set -eu
cd "$BACKUP"
trap '[ $? -eq 0 ] || echo "backup: $NAME did not get to $TARGET, see above" >&2' EXIT

# The checksums last: a backup that has them is whole.
checksums=$(echo "$NAME"-*.sha256)
for file in "$NAME"-*; do
  [ "$file" = "$checksums" ] || rclone copyto --immutable "$file" "$TARGET/$file"
done
rclone copyto --immutable "$checksums" "$TARGET/$checksums"
# Sizes and checksums as the target itself reports them.
rclone check --one-way --include "$NAME-*" . "$TARGET"
${prune}
`;

// Not what is in folders below, nor of another backup whose name begins alike.
const byAge = `rclone delete --min-age "$KEEP" --include "/$NAME-${STAMP}*" "$TARGET"`;

/**
 * Names of backups, newest first, to those that are neither the last of one of the latest days, weeks or months that have
 * one. What has no checksums is no backup and goes too, when it is not the newest of all.
 */
const outdated = `function week(stamp, year, month, days) {
  year = substr(stamp, 1, 4) + 0
  month = substr(stamp, 5, 2) + 0
  if (month < 3) { year--; month += 12 }
  days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400)
  days += int((153 * (month - 3) + 2) / 5) + substr(stamp, 7, 2) - 719469
  # The first of January 1970 was a Thursday, and weeks begin on Monday.
  return int((days + 3) / 7)
}
function isLast(kind, period, most) {
  if ((kind, period) in seen || used[kind] + 0 >= most) return 0
  seen[kind, period] = 1
  used[kind]++
  return 1
}
{
  stamp = substr($0, length(name) + 2, 16)
  if (index($0, name "-") != 1 || stamp !~ /^[0-9]+T[0-9]+Z$/) next
  file[++files] = $0
  of[files] = stamp
  if ($0 == name "-" stamp ".sha256") whole[++backups] = stamp
}
END {
  if (!backups) exit
  for (i = 1; i <= backups; i++) {
    stamp = whole[i]
    kept = isLast("day", substr(stamp, 1, 8), daily)
    kept += isLast("week", week(stamp), weekly)
    keep[stamp] = kept + isLast("month", substr(stamp, 1, 6), monthly)
  }
  for (i = 1; i <= files; i++) if (!keep[of[i]] && of[i] < whole[1]) print file[i]
}
`;

// Files, not a pipe, whose first program could fail unseen.
const byPeriod = `list=$(mktemp -d)
rclone lsf --files-only --include "$NAME-*" "$TARGET" > "$list/all"
sort -r "$list/all" > "$list/newest-first"
awk -v name="$NAME" -v daily="$KEEP_DAILY" -v weekly="$KEEP_WEEKLY" -v monthly="$KEEP_MONTHLY" '${outdated}' "$list/newest-first" > "$list/outdated"
[ ! -s "$list/outdated" ] || rclone delete --files-from-raw "$list/outdated" "$TARGET"`;
