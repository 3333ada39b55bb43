import type { Construct } from 'constructs';
import { environmentOf } from '../../imports/environment.ts';
import { amountOf } from '../sizes.ts';
import type { Design } from './engine.ts';

/** Why this many members would not elect, or would acknowledge what they then lose. */
export function quorumProblems(members: number, quorum: Design<object>['quorum']): string[] {
  if (quorum) {
    const { of, why } = quorum;
    return of.includes(members) ? [] : [`members: ${members}, ${why}; use ${of.join(' or ')}`];
  }
  if (!Number.isInteger(members) || members < 1) return [`members: ${members} is no number of members; use 1 or 3`];
  if (members === 2) return ['members: 2 cannot form a quorum, when one is lost the other stops too; use 1 or 3'];
  if (members % 2 === 0) {
    return [`members: ${members} survive no more losses than ${members - 1}; use ${members - 1} or ${members + 1}`];
  }
  return [];
}

/** Why nothing would fit into the volume that `field` sizes. */
export const sizeOfVolumeProblems = (field: string, storage: string): string[] =>
  amountOf(storage) > 0 ? [] : [`${field}: "${storage}" holds nothing, a volume needs a size; write it like 50Gi`];

/** That members share a file server is found by the rule `replicas-on-shared-storage`. */
export function storageProblems(scope: Construct, storage: string, storageClass: string): string[] {
  const { storageClasses } = environmentOf(scope);
  const { kind } = storageClasses[storageClass] ?? {};
  const known = Object.keys(storageClasses).join(', ') || 'none';
  const problems = sizeOfVolumeProblems('storage', storage);
  if (!storageClass) {
    problems.push(`storageClass: missing, the environment has no default class; name one of ${known}`);
  } else if (!kind) {
    problems.push(`storageClass: ${storageClass} is not one of the environment's; use one of ${known}`);
  }
  return problems;
}
