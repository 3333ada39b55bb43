import { at, type Json, map, maps, text } from './json.ts';
import type { Links } from './links.ts';

const SOURCE = 'source.toolkit.fluxcd.io';
const HELM = 'helm.toolkit.fluxcd.io';
const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';
const IMAGE = 'image.toolkit.fluxcd.io';
const NOTIFICATION = 'notification.toolkit.fluxcd.io';

/** Group of a Flux kind that is named without one. */
const GROUPS: Readonly<Record<string, string>> = {
  HelmRelease: HELM,
  Kustomization: KUSTOMIZE,
  ImagePolicy: IMAGE,
  ImageRepository: IMAGE,
  ImageUpdateAutomation: IMAGE,
};

/** What Flux's kinds refer to: https://fluxcd.io/flux/components/ */
export const FLUX: Readonly<Record<string, (links: Links) => void>> = {
  [`${HELM}/HelmRelease`]: (links) => {
    const spec = map(links.object.spec);
    sourceLink(links, at(spec, 'chart', 'spec', 'sourceRef'), 'spec.chart.spec.sourceRef', 'HelmRepository');
    sourceLink(links, spec.chartRef, 'spec.chartRef', 'HelmChart');
    maps(spec.valuesFrom).forEach(({ kind, name, valuesKey, optional }, i) => {
      const selector = { name, key: text(valuesKey) ?? 'values.yaml', optional };
      if (kind === 'Secret' || kind === 'ConfigMap') links.toKey(kind, selector, `spec.valuesFrom[${i}]`);
    });
    dependsOnLinks(links, spec, 'HelmRelease', HELM);
    applyLinks(links, spec);
    if (at(spec, 'install', 'createNamespace') !== true) {
      links.to('Namespace', spec.targetNamespace, 'spec.targetNamespace', { namespace: undefined });
    }
  },
  [`${KUSTOMIZE}/Kustomization`]: (links) => {
    const spec = map(links.object.spec);
    sourceLink(links, spec.sourceRef, 'spec.sourceRef', 'GitRepository');
    dependsOnLinks(links, spec, 'Kustomization', KUSTOMIZE);
    applyLinks(links, spec);
    secretLinks(links, spec, 'spec', 'decryption');
    maps(at(spec, 'postBuild', 'substituteFrom')).forEach(({ kind, name, optional }, i) => {
      if (kind !== 'Secret' && kind !== 'ConfigMap') return;
      links.to(kind, name, `spec.postBuild.substituteFrom[${i}]`, { optional: optional === true });
    });
    maps(spec.healthChecks).forEach((check, i) => {
      links.toObject(check, `spec.healthChecks[${i}]`, { group: '', kind: '' });
    });
  },
  [`${SOURCE}/GitRepository`]: (links) => sourceSecrets(links, 'proxy', 'verify'),
  [`${SOURCE}/HelmRepository`]: (links) => sourceSecrets(links, 'cert'),
  [`${SOURCE}/OCIRepository`]: (links) => sourceSecrets(links, 'cert', 'proxy', 'verify'),
  [`${SOURCE}/Bucket`]: (links) => sourceSecrets(links, 'cert', 'proxy'),
  [`${SOURCE}/HelmChart`]: (links) =>
    sourceLink(links, at(links.object, 'spec', 'sourceRef'), 'spec.sourceRef', 'HelmRepository'),
  [`${IMAGE}/ImageRepository`]: (links) => sourceSecrets(links, 'cert', 'proxy'),
  [`${IMAGE}/ImagePolicy`]: (links) => {
    const reference = map(at(links.object, 'spec', 'imageRepositoryRef'));
    links.toObject(reference, 'spec.imageRepositoryRef', { group: IMAGE, kind: 'ImageRepository' });
  },
  [`${IMAGE}/ImageUpdateAutomation`]: (links) => {
    const spec = map(links.object.spec);
    sourceLink(links, spec.sourceRef, 'spec.sourceRef', 'GitRepository');
    secretLinks(links, map(at(spec, 'git', 'commit')), 'spec.git.commit', 'signingKey');
  },
  [`${NOTIFICATION}/Alert`]: (links) => {
    const spec = map(links.object.spec);
    links.to('Provider', map(spec.providerRef).name, 'spec.providerRef', { group: NOTIFICATION });
    eventLinks(links, spec.eventSources, 'spec.eventSources');
  },
  [`${NOTIFICATION}/Provider`]: (links) => sourceSecrets(links, 'cert', 'proxy'),
  [`${NOTIFICATION}/Receiver`]: (links) => {
    sourceSecrets(links);
    eventLinks(links, at(links.object, 'spec', 'resources'), 'spec.resources');
  },
};

/** A source in the reference's own namespace unless it names another. */
function sourceLink(links: Links, reference: unknown, field: string, kind: string) {
  links.toObject(map(reference), field, { group: SOURCE, kind });
}

function dependsOnLinks(links: Links, spec: Json, kind: string, group: string) {
  maps(spec.dependsOn).forEach((reference, i) => {
    links.toObject({ ...reference, kind }, `spec.dependsOn[${i}]`, { group, kind });
  });
}

/** What both appliers share: the cluster they write to, and as whom. */
function applyLinks(links: Links, spec: Json) {
  links.to('ServiceAccount', spec.serviceAccountName, 'spec.serviceAccountName');
  secretLinks(links, spec, 'spec', 'kubeConfig');
}

/** `<field>.secretRef.name` for each field. */
function secretLinks(links: Links, spec: Json, path: string, ...fields: readonly string[]) {
  for (const field of fields) {
    links.to('Secret', at(spec, field, 'secretRef', 'name'), `${path}.${field}.secretRef.name`);
  }
}

/** `spec.secretRef`, and `spec.certSecretRef`, `spec.proxySecretRef` or `spec.verify.secretRef` where the kind has them. */
function sourceSecrets(links: Links, ...more: readonly ('cert' | 'proxy' | 'verify')[]) {
  const spec = map(links.object.spec);
  links.to('Secret', map(spec.secretRef).name, 'spec.secretRef.name');
  links.to('ServiceAccount', spec.serviceAccountName, 'spec.serviceAccountName');
  for (const which of more) {
    if (which === 'verify') secretLinks(links, spec, 'spec', 'verify');
    else links.to('Secret', map(spec[`${which}SecretRef`]).name, `spec.${which}SecretRef.name`);
  }
}

function eventLinks(links: Links, list: unknown, path: string) {
  maps(list).forEach((source, i) => {
    if (source.name === '*') return;
    const kind = text(source.kind) ?? '';
    links.toObject(source, `${path}[${i}]`, { group: GROUPS[kind] ?? SOURCE, kind });
  });
}
