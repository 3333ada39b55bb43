import { isIP } from 'node:net';

/** The addresses of a CIDR, IPv4 or IPv6. */
export interface Range {
  readonly base: bigint;
  /** Length of the prefix and of a whole address, in bits. */
  readonly prefix: number;
  readonly width: 32 | 128;
}

/** A range without some of its parts, as `ipBlock` has it. */
export interface Block {
  /** As written. */
  readonly cidr: string;
  readonly range: Range;
  readonly except: readonly Range[];
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a bare address; undefined for anything else. */
export function rangeOf(cidr: string): Range | undefined {
  const [address = '', length] = cidr.split('/');
  const version = isIP(address);
  if (!version) return undefined;
  const width = version === 4 ? 32 : 128;
  const prefix = length === undefined ? width : Number(length);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) return undefined;
  const rest = BigInt(width - prefix);
  return { base: ((version === 4 ? ipv4(address) : ipv6(address)) >> rest) << rest, prefix, width };
}

export function blockOf(cidr: string, except: readonly string[] = []): Block | undefined {
  const range = rangeOf(cidr);
  return range && { cidr, range, except: except.flatMap((part) => rangeOf(part) ?? []) };
}

export const contains = (outer: Range, inner: Range) =>
  outer.width === inner.width &&
  outer.prefix <= inner.prefix &&
  inner.base >> BigInt(outer.width - outer.prefix) === outer.base >> BigInt(outer.width - outer.prefix);

/** True where every address of `inner` is one of `outer`. */
export const covers = (outer: Block, inner: Block) =>
  contains(outer.range, inner.range) &&
  outer.except.every(
    (gap) =>
      inner.except.some((allowed) => contains(allowed, gap)) ||
      !(contains(gap, inner.range) || contains(inner.range, gap)),
  );

const ipv4 = (address: string) => address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);

function ipv6(address: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (dotted) {
    const low = ipv4(dotted[2]!);
    return ipv6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
