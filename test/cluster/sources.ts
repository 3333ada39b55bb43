// What GitRelease reads, where nothing is fetched from GitHub.
import type { Bed } from './bed.ts';

/**
 * Gives the sources that lie on GitHub the artifact of the fleet's own repository, in which their folder is stood in for:
 * the Kustomizations that read them are built and applied by the real controller.
 */
export function copySources(bed: Bed): () => Promise<void> {
  const repositories = 'gitrepositories.source.toolkit.fluxcd.io';
  let running = true;
  const loop = (async () => {
    while (running) {
      const all = await bed.list(repositories).catch(() => []);
      const status = all.find(({ metadata }) => metadata.name === 'flux-system')?.['status'];
      const behind = all.filter(
        (source) => status?.artifact && source['status']?.artifact?.revision !== status.artifact.revision,
      );
      for (const { metadata } of behind) {
        await bed.kubectl([
          ...['patch', repositories, metadata.name, `--namespace=${metadata.namespace}`, '--subresource=status'],
          ...['--type=merge', `--patch=${JSON.stringify({ status: { artifact: status.artifact } })}`],
        ]);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return () => {
    running = false;
    return loop;
  };
}

/** In place of the manifests of RabbitMQ's operators, which bring the Namespace that is ours already. */
export const operators = {
  'config/installation/kustomization.yaml': 'resources: [namespace.yaml, installed.yaml]\n',
  'config/installation/namespace.yaml':
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: rabbitmq-system, labels: {theirs: "true"}}\n',
  'config/installation/installed.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: installed, namespace: rabbitmq-system}\n',
};

/** In place of the manifests of Gateway API, whose definitions the bed has. */
export const gatewayApi = {
  'config/crd/kustomization.yaml': 'resources: [installed.yaml]\n',
  'config/crd/installed.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: installed, namespace: gateway-api}\n',
};
