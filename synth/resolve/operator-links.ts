import { at, type Json, map, maps, strings, text, texts } from './json.ts';
import type { Links } from './links.ts';
import { claimLinks } from './pod-links.ts';

const SECRETS = 'external-secrets.io';
const ISSUERS = 'cert-manager.io';
const MONITORING = 'monitoring.coreos.com';
const RABBIT = 'rabbitmq.com';
const KAFKA = 'kafka.strimzi.io';
const KEDA = 'keda.sh';
const LINKERD = 'policy.linkerd.io';

/** cert-manager reads the Secrets of a ClusterIssuer from its own namespace. */
const ISSUER_NAMESPACE = 'cert-manager';

/** What the kinds of operators refer to, by `group/Kind`. */
export const OPERATORS: Readonly<Record<string, (links: Links) => void>> = {
  [`${SECRETS}/ExternalSecret`]: (links) => externalLinks(links, map(links.object.spec), 'spec'),
  [`${SECRETS}/ClusterExternalSecret`]: (links) =>
    externalLinks(links, map(at(links.object, 'spec', 'externalSecretSpec')), 'spec.externalSecretSpec'),
  [`${SECRETS}/SecretStore`]: (links) => selectorLinks(links, links.object.spec, 'spec'),
  [`${SECRETS}/ClusterSecretStore`]: (links) => selectorLinks(links, links.object.spec, 'spec'),
  [`${SECRETS}/PushSecret`]: (links) => {
    const spec = map(links.object.spec);
    links.to('Secret', at(spec, 'selector', 'secret', 'name'), 'spec.selector.secret.name');
    maps(spec.secretStoreRefs).forEach((reference, i) => {
      storeLink(links, reference, `spec.secretStoreRefs[${i}]`);
    });
  },
  [`${ISSUERS}/Certificate`]: (links) => {
    const spec = map(links.object.spec);
    links.toObject(map(spec.issuerRef), 'spec.issuerRef', { group: ISSUERS, kind: 'Issuer' });
    selectorLinks(links, spec.keystores, 'spec.keystores');
  },
  [`${ISSUERS}/Issuer`]: (links) => issuerLinks(links, links.namespace),
  [`${ISSUERS}/ClusterIssuer`]: (links) => issuerLinks(links, ISSUER_NAMESPACE),

  ...Object.fromEntries(
    ['ServiceMonitor', 'PodMonitor', 'Probe', 'ScrapeConfig', 'AlertmanagerConfig'].map((kind) => [
      `${MONITORING}/${kind}`,
      (links: Links) => selectorLinks(links, links.object.spec, 'spec'),
    ]),
  ),
  ...Object.fromEntries(
    ['Prometheus', 'PrometheusAgent', 'Alertmanager', 'ThanosRuler'].map((kind) => [
      `${MONITORING}/${kind}`,
      serverLinks,
    ]),
  ),

  [`${RABBIT}/RabbitmqCluster`]: (links) =>
    claimLinks(links, map(at(links.object, 'spec', 'persistence')), 'spec.persistence'),
  ...Object.fromEntries(
    [
      'Binding',
      'Exchange',
      'Federation',
      'Permission',
      'Policy',
      'OperatorPolicy',
      'Queue',
      'Shovel',
      'User',
      'Vhost',
    ].map((kind) => [`${RABBIT}/${kind}`, rabbitLinks]),
  ),
  ...Object.fromEntries(['KafkaTopic', 'KafkaUser', 'KafkaNodePool'].map((kind) => [`${KAFKA}/${kind}`, kafkaLinks])),
  [`${KEDA}/ScaledObject`]: (links) => {
    const spec = map(links.object.spec);
    links.toObject(map(spec.scaleTargetRef), 'spec.scaleTargetRef', { group: 'apps', kind: 'Deployment' });
    triggerLinks(links, spec);
  },
  [`${KEDA}/ScaledJob`]: (links) => triggerLinks(links, map(links.object.spec)),
  [`${KEDA}/TriggerAuthentication`]: (links) => {
    maps(at(links.object, 'spec', 'secretTargetRef')).forEach((selector, i) => {
      links.toKey('Secret', selector, `spec.secretTargetRef[${i}]`);
    });
  },
  'autoscaling.k8s.io/VerticalPodAutoscaler': (links) =>
    links.toObject(map(at(links.object, 'spec', 'targetRef')), 'spec.targetRef', { group: 'apps', kind: 'Deployment' }),
  [`${LINKERD}/AuthorizationPolicy`]: (links) => {
    const spec = map(links.object.spec);
    links.toObject(map(spec.targetRef), 'spec.targetRef', { group: LINKERD, kind: 'Server' });
    maps(spec.requiredAuthenticationRefs).forEach((reference, i) => {
      links.toObject(reference, `spec.requiredAuthenticationRefs[${i}]`, {
        group: LINKERD,
        kind: 'MeshTLSAuthentication',
      });
    });
  },
  [`${LINKERD}/MeshTLSAuthentication`]: (links) => {
    maps(at(links.object, 'spec', 'identityRefs')).forEach((reference, i) => {
      links.toObject(reference, `spec.identityRefs[${i}]`, { group: '', kind: 'ServiceAccount' });
    });
  },
  'metallb.io/L2Advertisement': (links) => {
    texts(at(links.object, 'spec', 'ipAddressPools')).forEach((name, i) => {
      links.to('IPAddressPool', name, `spec.ipAddressPools[${i}]`, { group: 'metallb.io' });
    });
  },
};

/** Knative names whatever it sends to or reads from as `ref` and `broker`, in every one of its kinds. */
export function knativeLinks(links: Links) {
  const spec = map(links.object.spec);
  links.to('Broker', spec.broker, 'spec.broker', { group: 'eventing.knative.dev' });
  links.toObject(map(spec.config), 'spec.config', { group: '', kind: 'ConfigMap' });
  walk(spec, 'spec', (value, field, name) => {
    if (name === 'ref') links.toObject(value, field, { group: '', kind: '' });
  });
  // The container environment of a Knative Service is the pod template's.
  if (links.object.kind.endsWith('Source')) selectorLinks(links, spec, 'spec');
}

function externalLinks(links: Links, spec: Json, path: string) {
  storeLink(links, map(spec.secretStoreRef), `${path}.secretStoreRef`);
  for (const list of ['data', 'dataFrom']) {
    maps(spec[list]).forEach(({ sourceRef }, i) => {
      const { storeRef, generatorRef } = map(sourceRef);
      const field = `${path}.${list}[${i}].sourceRef`;
      storeLink(links, map(storeRef), `${field}.storeRef`);
      const generators = { group: 'generators.external-secrets.io', kind: '' };
      links.toObject(map(generatorRef), `${field}.generatorRef`, generators);
    });
  }
  maps(at(spec, 'target', 'template', 'templateFrom')).forEach(({ configMap, secret }, i) => {
    for (const [kind, source] of [
      ['ConfigMap', map(configMap)],
      ['Secret', map(secret)],
    ] as const) {
      maps(source.items).forEach(({ key }, j) => {
        links.toKey(kind, { name: source.name, key }, `${path}.target.template.templateFrom[${i}].items[${j}]`);
      });
    }
  });
}

const storeLink = (links: Links, reference: Json, field: string) =>
  links.toObject(reference, field, { group: SECRETS, kind: 'SecretStore' });

function issuerLinks(links: Links, namespace: string) {
  const spec = map(links.object.spec);
  links.to('Secret', at(spec, 'ca', 'secretName'), 'spec.ca.secretName', { namespace, key: 'tls.crt' });
  // The ACME account's key is made by cert-manager itself.
  selectorLinks(links, spec, 'spec', namespace, 'privateKeySecretRef');
}

function serverLinks(links: Links) {
  const spec = map(links.object.spec);
  selectorLinks(links, spec, 'spec');
  links.to('ServiceAccount', spec.serviceAccountName, 'spec.serviceAccountName');
  links.to('Secret', spec.configSecret, 'spec.configSecret');
  links.to('AlertmanagerConfig', at(spec, 'alertmanagerConfiguration', 'name'), 'spec.alertmanagerConfiguration.name', {
    group: MONITORING,
  });
  claimLinks(links, map(at(spec, 'storage', 'volumeClaimTemplate', 'spec')), 'spec.storage.volumeClaimTemplate.spec');
  texts(spec.secrets).forEach((name, i) => {
    links.to('Secret', name, `spec.secrets[${i}]`);
  });
  texts(spec.configMaps).forEach((name, i) => {
    links.to('ConfigMap', name, `spec.configMaps[${i}]`);
  });
}

function rabbitLinks(links: Links) {
  const spec = map(links.object.spec);
  const cluster = map(spec.rabbitmqClusterReference);
  links.toObject(cluster, 'spec.rabbitmqClusterReference', { group: RABBIT, kind: 'RabbitmqCluster' });
  for (const field of ['importCredentialsSecret', 'uriSecret'])
    links.to('Secret', map(spec[field]).name, `spec.${field}.name`);
}

function kafkaLinks(links: Links) {
  const cluster = strings(links.object.metadata.labels)['strimzi.io/cluster'];
  links.to('Kafka', cluster, 'metadata.labels.strimzi.io/cluster', { group: KAFKA });
}

function triggerLinks(links: Links, spec: Json) {
  maps(spec.triggers).forEach(({ authenticationRef }, i) => {
    const reference = { group: KEDA, kind: 'TriggerAuthentication' };
    links.toObject(map(authenticationRef), `spec.triggers[${i}].authenticationRef`, reference);
  });
}

/** Every `{name, key}`, and everything under a field called `...SecretRef`: a Secret's key, or a ConfigMap's under `configMap`. */
function selectorLinks(links: Links, spec: unknown, path: string, namespace = links.namespace, except?: string) {
  walk(spec, path, (value, field, name) => {
    if (name === except || !text(value.name)) return;
    const kind = /configMap/i.test(name) || value.type === 'ConfigMap' ? 'ConfigMap' : 'Secret';
    if (!text(value.key) && !/secret(Key)?Ref$/i.test(name)) return;
    links.toKey(kind, value, field, { namespace: text(value.namespace) ?? namespace });
  });
}

/** Calls `visit` for every mapping below `value`, with its path and the name of its field. */
function walk(value: unknown, path: string, visit: (value: Json, path: string, name: string) => void) {
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      walk(item, `${path}[${i}]`, visit);
    });
  } else {
    for (const [name, child] of Object.entries(map(value))) {
      const field = `${path}.${name}`;
      if (!Array.isArray(child)) visit(map(child), field, name);
      walk(child, field, visit);
    }
  }
}
