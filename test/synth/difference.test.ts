import { describe, expect, test } from '@jest/globals';
import { difference } from '../../synth/difference.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`);
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;

describe('difference', () => {
  test('shows changed lines with their surroundings, and skips what lies between', () => {
    const before = numbers(20);
    const after = before.with(3, 'three').toSpliced(15, 1);
    expect(difference(text(before), text(after))).toBe(
      `...
 line 1
 line 2
-line 3
+three
 line 4
 line 5
...
 line 13
 line 14
-line 15
 line 16
 line 17`.replace('...\n line 1\n', ' line 1\n'),
    );
  });

  test('keeps the lines that both share', () => {
    expect(difference('a\nb\nc\nd\n', 'a\nc\nx\nd\n')).toBe(' a\n-b\n c\n+x\n d');
  });

  test('does not see line ends', () => {
    expect(difference('a\r\nb\r\n', 'a\nc\n')).toBe(' a\n-b\n+c');
    expect(difference('a\n', 'a\n')).toBe('');
  });

  test('is cut where it gets long, and quick where files have nothing in common', () => {
    const lines = difference(text(numbers(5_000)), text(numbers(5_000).map((line) => `other ${line}`))).split('\n');
    expect(lines).toHaveLength(25);
    expect(lines.at(-1)).toBe('... and 9976 lines more');
  });
});
