import type { Construct } from 'constructs';
import { environmentOf, isPrivate } from '../imports/environment.ts';

/**
 * Annotations by which an Ingress gets its certificate from the environment's issuer. An authority of the cluster's own signs
 * what it is asked for, and browsers of Apple refuse a site whose certificate does not say that it serves.
 * @see https://cert-manager.io/docs/usage/ingress/#supported-annotations and https://support.apple.com/en-us/103769
 */
export function issuedBy(scope: Construct): Record<string, string> {
  const { ingress, domain } = environmentOf(scope);
  return {
    'cert-manager.io/cluster-issuer': ingress.issuer,
    ...(isPrivate(domain) && { 'cert-manager.io/usages': 'digital signature,key encipherment,server auth' }),
  };
}
