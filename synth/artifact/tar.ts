/** One file of an archive. */
export interface TarFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable?: boolean;
}

const BLOCK = 512;

/**
 * An archive that says nothing of when, where and by whom it was made: the same files give the same bytes. Files in the order
 * of their paths, without entries for folders. What a plain header has no room for, names that are long or not ASCII, stands in a pax one.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export function tar(files: readonly TarFile[]): Buffer {
  const blocks = files
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .flatMap(({ path, content, executable }) => [
      ...(isPlain(path) ? [] : entry('pax', Buffer.from(record('path', path)), 'x')),
      ...entry(isPlain(path) ? path : 'long', content, '0', executable),
    ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ASCII is
const isPlain = (path: string) => path.length <= 100 && /^[\x00-\x7f]*$/.test(path);

function entry(name: string, content: Buffer, type: '0' | 'x', executable = false): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(executable ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  // The checksum is taken with its own field as spaces.
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
}

/** `<length> key=value\n`, the length counting itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size + 1;
  while (String(length).length + size !== length) length = String(length).length + size;
  return `${length}${rest}`;
}
