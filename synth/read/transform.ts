import { isNamespaced } from '../../imports/kinds.ts';
import type { KubeObject } from '../manifest.ts';
import { groupOf } from '../manifest.ts';
import { at, inTexts, type Json, map, maps, strings, text } from '../resolve/json.ts';

// What a kustomization does to every object it takes, as
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ tells it.

/** Puts objects into a namespace: cluster-wide kinds stay, Namespaces are renamed, bound ServiceAccounts of the build follow. */
export function inNamespace(objects: readonly KubeObject[], namespace: string): readonly KubeObject[] {
  const names = (of: string) => new Set(objects.flatMap(({ kind, metadata }) => (kind === of ? metadata.name : [])));
  const [accounts, services] = [names('ServiceAccount'), names('Service')];
  return objects.map((object) => {
    const { apiVersion, kind, metadata } = object;
    if (kind === 'Namespace') return { ...object, metadata: { ...metadata, name: namespace } };
    const subjects =
      groupOf(apiVersion) === 'rbac.authorization.k8s.io' && Array.isArray(object.subjects)
        ? maps(object.subjects).map((subject) =>
            subject.kind === 'ServiceAccount' && (subject.name === 'default' || accounts.has(`${subject.name}`))
              ? { ...subject, namespace }
              : subject,
          )
        : undefined;
    const moved = subjects ? { ...object, subjects } : withServices(object, services, namespace);
    if (!(isNamespaced(apiVersion, kind) ?? !kind.startsWith('Cluster'))) return moved;
    return { ...moved, metadata: { ...metadata, namespace } };
  });
}

/** Webhooks and conversions follow the Services they name. */
function withServices(object: KubeObject, services: ReadonlySet<string>, namespace: string): KubeObject {
  const moved = (client: Json): Json => {
    const service = map(client.service);
    return services.has(`${service.name}`) ? { ...client, service: { ...service, namespace } } : client;
  };
  if (object.kind.endsWith('WebhookConfiguration')) {
    const webhooks = maps(object.webhooks).map((webhook) => ({
      ...webhook,
      clientConfig: moved(map(webhook.clientConfig)),
    }));
    return { ...object, webhooks };
  }
  const client = map(at(object.spec, 'conversion', 'webhook', 'clientConfig'));
  if (object.kind !== 'CustomResourceDefinition' || !client.service) return object;
  const service = { ...map(client.service), namespace };
  const conversion = map(at(object.spec, 'conversion'));
  const webhook = { ...map(conversion.webhook), clientConfig: { ...client, service } };
  return { ...object, spec: { ...map(object.spec), conversion: { ...conversion, webhook } } };
}

/** Fields that name another object of the build, with the kinds they may mean. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  configMapRef: ['ConfigMap'],
  configMapKeyRef: ['ConfigMap'],
  configMap: ['ConfigMap'],
  secretRef: ['Secret'],
  secretKeyRef: ['Secret'],
  secret: ['Secret'],
  secretName: ['Secret'],
  imagePullSecrets: ['Secret'],
  serviceAccountName: ['ServiceAccount'],
  subjects: ['ServiceAccount'],
  claimName: ['PersistentVolumeClaim'],
  persistentVolumeClaim: ['PersistentVolumeClaim'],
  service: ['Service'],
  services: ['Service'],
  serviceName: ['Service'],
  backendRefs: ['Service'],
  scaleTargetRef: ['Deployment', 'StatefulSet', 'ReplicaSet'],
  roleRef: ['Role', 'ClusterRole'],
  ingressClassName: ['IngressClass'],
  storageClassName: ['StorageClass'],
  priorityClassName: ['PriorityClass'],
};

const KEPT = new Set(['Namespace', 'CustomResourceDefinition', 'APIService']);

/** Renames every object but Namespaces and CustomResourceDefinitions, and whatever names it in the same build. */
export function renamed(objects: readonly KubeObject[], prefix: string, suffix: string): readonly KubeObject[] {
  const named = objects.map((object) => {
    const name = KEPT.has(object.kind) ? object.metadata.name : `${prefix}${object.metadata.name}${suffix}`;
    return { ...object, metadata: { ...object.metadata, name } };
  });
  return following(
    named,
    new Map(objects.map(({ kind, metadata }, i) => [`${kind}/${metadata.name}`, named[i]!.metadata.name])),
  );
}

/** Puts new names in place of old ones (`ConfigMap/config` to `web-config`), wherever an object is named. */
export function following(objects: readonly KubeObject[], names: ReadonlyMap<string, string>): readonly KubeObject[] {
  const follow = (value: unknown, field: string): unknown => {
    if (typeof value === 'string') {
      const kind = NAMES[field]?.find((each) => names.has(`${each}/${value}`));
      return kind ? names.get(`${kind}/${value}`) : value;
    }
    if (Array.isArray(value)) return value.map((item) => follow(item, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, follow(item, key === 'name' ? field : key)]),
    );
  };
  return objects.map(({ metadata, ...rest }) => ({ ...(follow(rest, '') as Json), metadata }) as unknown as KubeObject);
}

/** Adds labels to objects; to selectors and pod templates too where asked. */
export function labelled(
  object: KubeObject,
  labels: Readonly<Record<string, string>>,
  { selectors, templates }: { readonly selectors: boolean; readonly templates: boolean },
): KubeObject {
  const add = (value: unknown) => ({ ...map(value), ...labels });
  const result: Record<string, unknown> = {
    ...object,
    metadata: { ...object.metadata, labels: add(object.metadata.labels) },
  };
  const spec = { ...map(object.spec) };
  if (at(spec, 'template', 'spec') && (selectors || templates)) {
    const template = map(spec.template);
    const metadata = map(template.metadata);
    spec.template = { ...template, metadata: { ...metadata, labels: add(metadata.labels) } };
    // A Job's selector is the cluster's own affair; the others get one even where there was none.
    if (selectors && (object.kind !== 'Job' || at(spec, 'selector', 'matchLabels'))) {
      spec.selector = { ...map(spec.selector), matchLabels: add(at(spec, 'selector', 'matchLabels')) };
    }
    result.spec = spec;
  } else if (selectors && object.kind === 'Service') {
    result.spec = { ...spec, selector: add(spec.selector) };
  } else if (selectors && ['PodDisruptionBudget', 'NetworkPolicy'].includes(object.kind)) {
    const field = object.kind === 'NetworkPolicy' ? 'podSelector' : 'selector';
    if (at(spec, field, 'matchLabels'))
      result.spec = { ...spec, [field]: { ...map(spec[field]), matchLabels: add(at(spec, field, 'matchLabels')) } };
  }
  return result as unknown as KubeObject;
}

/** Gives containers other images, or other tags. */
export function withImages(value: unknown, images: readonly Json[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withImages(item, images));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key !== 'containers' && key !== 'initContainers') return [key, withImages(item, images)];
      return [key, Array.isArray(item) ? item.map((container) => withImage(container, images)) : item];
    }),
  );
}

function withImage(container: unknown, images: readonly Json[]): unknown {
  const image = text(at(container, 'image'));
  const [, name, rest = ''] = /^(.+?)((?::[^:/@]+)?(?:@.+)?)$/.exec(image ?? '') ?? [];
  const change = images.find((each) => name !== undefined && each.name === name);
  if (!change) return container;
  const { newName = name, newTag, digest } = change;
  return {
    ...map(container),
    image: `${newName}${digest ? `@${digest}` : newTag !== undefined ? `:${newTag}` : rest}`,
  };
}

/** What Flux's postBuild puts in place of `${name}`; values that only the cluster knows stay as they are. */
export const substituted = (object: KubeObject, values: Readonly<Record<string, string>>, complete: boolean) =>
  inTexts(object, (text) => (text.includes('${') ? fill(text, values, complete) : text)) as KubeObject;

const VARIABLE = /\$\{([A-Za-z_]\w*)(?:(?::?[-=])([^${}]*))?\}/g;

function fill(source: string, values: Readonly<Record<string, string>>, complete: boolean): string {
  let filled = source;
  // Defaults may hold variables of their own: the innermost go first.
  for (let before = ''; before !== filled; ) {
    before = filled;
    filled = filled.replace(
      VARIABLE,
      (whole, name: string, fallback?: string) => values[name] ?? fallback ?? (complete ? '' : whole),
    );
  }
  // Written alone it takes the type of what is put in: only what reads as text is surely a string.
  return source.startsWith('${') &&
    source.endsWith('}') &&
    /^(?:[-+.\d].*|true|false|yes|no|on|off|y|n|null|~)?$/i.test(filled)
    ? source
    : filled;
}

/** `labels` and `commonLabels` of a kustomization, in their order. */
export function labelSets(kustomization: Json) {
  const common = strings(kustomization.commonLabels);
  return [
    ...maps(kustomization.labels).map((set) => ({
      labels: strings(set.pairs),
      selectors: set.includeSelectors === true,
      templates: set.includeTemplates === true,
    })),
    ...(Object.keys(common).length ? [{ labels: common, selectors: true, templates: true }] : []),
  ];
}
