import { at, map, maps, number, strings, text } from './json.ts';
import type { Links } from './links.ts';
import { claimLinks } from './pod-links.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** What the kinds of Kubernetes itself refer to, by `group/Kind`. */
export const CORE: Readonly<Record<string, (links: Links) => void>> = {
  'apps/StatefulSet': (links) => {
    const spec = map(links.object.spec);
    links.to('Service', spec.serviceName, 'spec.serviceName');
    maps(spec.volumeClaimTemplates).forEach((claim, i) => {
      claimLinks(links, map(claim.spec), `spec.volumeClaimTemplates[${i}].spec`);
    });
  },
  '/PersistentVolumeClaim': (links) => claimLinks(links, map(links.object.spec), 'spec'),
  '/ServiceAccount': (links) => {
    for (const field of ['imagePullSecrets', 'secrets']) {
      maps(links.object[field]).forEach(({ name }, i) => {
        links.to('Secret', name, `${field}[${i}].name`);
      });
    }
  },
  '/Secret': (links) => {
    if (links.object.type !== 'kubernetes.io/service-account-token') return;
    const account = strings(links.object.metadata.annotations)['kubernetes.io/service-account.name'];
    if (account !== 'default') links.to('ServiceAccount', account, 'metadata.annotations');
  },
  'autoscaling/HorizontalPodAutoscaler': (links) => {
    links.toObject(map(at(links.object, 'spec', 'scaleTargetRef')), 'spec.scaleTargetRef', {
      group: 'apps',
      kind: 'Deployment',
    });
  },
  [`${RBAC}/RoleBinding`]: bindingLinks,
  [`${RBAC}/ClusterRoleBinding`]: bindingLinks,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhookLinks,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhookLinks,
  'apiregistration.k8s.io/APIService': (links) =>
    clientLinks(links, at(links.object, 'spec', 'service'), 'spec.service'),
  'apiextensions.k8s.io/CustomResourceDefinition': (links) => {
    const path = 'spec.conversion.webhook.clientConfig.service';
    clientLinks(links, at(links.object, ...path.split('.')), path);
  },
};

function bindingLinks(links: Links) {
  const { roleRef, subjects } = links.object;
  const role = map(roleRef);
  if (role.kind === 'Role') links.to('Role', role.name, 'roleRef.name', { group: RBAC });
  if (role.kind === 'ClusterRole')
    links.to('ClusterRole', role.name, 'roleRef.name', { group: RBAC, namespace: undefined });
  maps(subjects).forEach(({ kind, name, namespace }, i) => {
    if (kind !== 'ServiceAccount' || name === 'default') return;
    links.to('ServiceAccount', name, `subjects[${i}].name`, { namespace: text(namespace) ?? links.namespace });
  });
}

function webhookLinks(links: Links) {
  maps(links.object.webhooks).forEach(({ clientConfig }, i) => {
    clientLinks(links, map(clientConfig).service, `webhooks[${i}].clientConfig.service`);
  });
}

function clientLinks(links: Links, service: unknown, path: string) {
  const { name, namespace, port } = map(service);
  links.to('Service', name, path, { namespace: text(namespace) ?? links.namespace, port: number(port) ?? 443 });
}
