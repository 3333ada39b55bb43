import colors from './colors.ts';
import type { Finding, Severity } from './manifest.ts';

/** What one environment's synth did. */
export interface Summary {
  readonly environment: string;
  readonly files: number;
  readonly objects: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly findings: readonly Finding[];
  readonly milliseconds: number;
}

/** `github` annotates a pull request, `gnu` is what editors and compilers agree on. */
export type Format = 'text' | 'json' | 'github' | 'gnu';

/** The version of every JSON shape that the commands print. */
const VERSION = 1;

const paint: Record<Severity, (text: string) => string> = {
  error: colors.red,
  warning: colors.yellow,
  info: colors.dim,
};

/** Findings for people: the object and its origin, then what is wrong, then what would be right. */
export function textOf(findings: readonly Finding[]): string {
  return findings
    .map(({ severity, rule, object, message, fix, ...where }) => {
      const place = placesOf(where).join(', ');
      return [
        `${paint[severity](severity)} ${colors.bold(object)}${place && ` ${colors.dim(place)}`}`,
        `  ${message} ${colors.dim(`[${rule}]`)}`,
        ...(fix ? [`  ${colors.green('fix:')} ${fix}`] : []),
      ].join('\n');
    })
    .join('\n');
}

/** Annotations on lines of a pull request: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. */
function githubOf(findings: readonly Finding[]): string {
  const level: Record<Severity, string> = { error: 'error', warning: 'warning', info: 'notice' };
  const escaped = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string) => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return findings
    .map(({ severity, rule, object, message, fix, ...where }) => {
      const { file, line } = where.source ?? where;
      const place = file ? `file=${property(file)},line=${line ?? 1},` : '';
      return `::${level[severity]} ${place}title=${property(`${rule}: ${object}`)}::${escaped(fix ? `${message}\n${fix}` : message)}`;
    })
    .join('\n');
}

/**
 * One line each, for editors to jump to; what stands in no file begins with the program's name, as with other programs.
 * @see https://www.gnu.org/prep/standards/html_node/Errors.html
 */
export function gnuOf(findings: readonly Finding[]): string {
  const flat = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ');
  return findings
    .map(({ severity, rule, object, message, fix, ...where }) => {
      const { file, line } = where.source ?? where;
      const place = file && line ? `${file}:${line}` : 'fleet-synth';
      return `${place}: ${severity}: ${object}: ${flat(fix ? `${message}; ${fix}` : message)} [${rule}]`;
    })
    .join('\n');
}

/** A line of JSON for each round of a program that goes on; else the whole, indented. */
export function jsonOf(body: Readonly<Record<string, unknown>>, { oneLine = false } = {}): string {
  return JSON.stringify({ version: VERSION, ...body }, null, oneLine ? undefined : 2);
}

/** Findings in the format asked for; an empty text where there is nothing to say. */
export function format(findings: readonly Finding[], as: Format, body: Readonly<Record<string, unknown>> = {}): string {
  if (as === 'json') return jsonOf({ ...body, findings });
  return { github: githubOf, gnu: gnuOf, text: textOf }[as](findings);
}

/** One line per environment, columns aligned. */
export function summaryOf(summaries: readonly Summary[]): string {
  const rows = summaries.map(({ environment, files, objects, added, changed, removed, findings, milliseconds }) => [
    environment,
    `${files} files`,
    `${objects} objects`,
    `+${added.length} ~${changed.length} -${removed.length}`,
    count(findings),
    `${milliseconds.toFixed(0)} ms`,
  ]);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `2 errors, 1 warning`, or `no findings`. */
export function count(findings: readonly Finding[]): string {
  const parts = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const n = findings.filter((finding) => finding.severity === severity).length;
    return n ? [`${n} ${severity}${n > 1 && severity !== 'info' ? 's' : ''}`] : [];
  });
  return parts.join(', ') || 'no findings';
}

const placesOf = ({ file, line, source }: Pick<Finding, 'file' | 'line' | 'source'>) => [
  ...(source ? [`${source.file}:${source.line}`] : []),
  ...(file ? [line ? `${file}:${line}` : file] : []),
];
