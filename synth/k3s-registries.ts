import type { Environment } from '../imports/environment.ts';

/**
 * What K3s has to be told about a registry without TLS, for `/etc/rancher/k3s/registries.yaml` of every node; undefined where
 * the own registry is no such one.
 * @see https://docs.k3s.io/installation/private-registry
 */
export function k3sRegistries({ registries }: Pick<Environment, 'registries'>): object | undefined {
  const { prefix, insecure } = registries.own;
  if (!insecure) return undefined;
  const [host] = prefix.split('/');
  return { mirrors: { [host!]: { endpoint: [`http://${host}`] } } };
}
