const CONTEXT = 2;
const LONGEST = 24;

/**
 * What would change from `before` to `after`, line by line, as `diff -u` prints it without its header: two lines around
 * each change, `...` between distant ones, cut after 24 lines.
 */
export function difference(before: string, after: string): string {
  const edits = editsOf(linesOf(before), linesOf(after));
  const near = (index: number) =>
    edits.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ sign }) => sign !== ' ');
  const shown: string[] = [];
  for (const [index, { sign, line }] of edits.entries()) {
    if (near(index)) shown.push(`${sign}${line}`);
    else if (shown.length && shown.at(-1) !== '...') shown.push('...');
  }
  if (shown.at(-1) === '...') shown.pop();
  if (shown.length <= LONGEST) return shown.join('\n');
  return [...shown.slice(0, LONGEST), `... and ${shown.length - LONGEST} lines more`].join('\n');
}

const linesOf = (text: string) => text.replace(/\r?\n$/, '').split(/\r?\n/);

interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** The common start and end are kept; in between, the longest common subsequence where that is quick, else all is new. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const gone = before.slice(start, before.length - end);
  const come = after.slice(start, after.length - end);
  return [
    ...before.slice(0, start).map((line) => ({ sign: ' ' as const, line })),
    ...(gone.length * come.length > 1_000_000 ? replaced(gone, come) : aligned(gone, come)),
    ...before.slice(before.length - end).map((line) => ({ sign: ' ' as const, line })),
  ];
}

const replaced = (gone: readonly string[], come: readonly string[]): Edit[] => [
  ...gone.map((line) => ({ sign: '-' as const, line })),
  ...come.map((line) => ({ sign: '+' as const, line })),
];

function aligned(gone: readonly string[], come: readonly string[]): Edit[] {
  // common[i][j]: length of the longest common subsequence of gone from i and come from j.
  const common = Array.from({ length: gone.length + 1 }, () => new Uint32Array(come.length + 1));
  for (let i = gone.length - 1; i >= 0; i--) {
    for (let j = come.length - 1; j >= 0; j--) {
      common[i]![j] =
        gone[i] === come[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < gone.length && j < come.length) {
    if (gone[i] === come[j]) {
      edits.push({ sign: ' ', line: gone[i++]! });
      j++;
    } else if (common[i + 1]![j]! >= common[i]![j + 1]!) edits.push({ sign: '-', line: gone[i++]! });
    else edits.push({ sign: '+', line: come[j++]! });
  }
  return [...edits, ...replaced(gone.slice(i), come.slice(j))];
}
