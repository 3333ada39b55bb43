import { type KubeObject, kubectlNameOf } from '../manifest.ts';
import { maps, strings } from '../resolve/json.ts';
import { ownerOf } from './inventory.ts';

/** Who else sees to an object, and what to do about it. */
export interface Owner {
  readonly reason: string;
  readonly fix: string;
}

/**
 * Who sees to a live object besides people, and would undo what Flux does, or delete it. `kustomization` is the one that
 * is to apply it; `kustomizations` are those in the cluster, as the mark of one that is gone says nothing.
 */
export function ownedBySomeoneElse(
  live: KubeObject,
  kustomization: string,
  kustomizations: ReadonlySet<string>,
): Owner | undefined {
  const which = kubectlNameOf(live);
  const labels = strings(live.metadata.labels);
  const annotations = strings(live.metadata.annotations);

  const maker = maps(live.metadata.ownerReferences).find(({ controller }) => controller === true);
  if (maker)
    return {
      reason: `is made by ${maker.kind} ${maker.name}, which puts it back as it was`,
      fix: `leave it to ${maker.kind} ${maker.name} and take it out of the environment, or delete that one first`,
    };
  const owner = ownerOf(live);
  if (owner && owner !== kustomization && kustomizations.has(owner))
    return {
      reason: `belongs to the Flux Kustomization ${owner}; two that apply one object undo each other`,
      fix: `take it out of what ${owner} applies, with kustomize.toolkit.fluxcd.io/prune: disabled on it until that is done, or it is deleted meanwhile`,
    };
  const release = annotations['meta.helm.sh/release-name'];
  if (release && labels['app.kubernetes.io/managed-by'] === 'Helm')
    return {
      reason: `belongs to the Helm release ${annotations['meta.helm.sh/release-namespace'] ?? live.metadata.namespace}/${release}: its next upgrade changes it back, and uninstalling it deletes it`,
      fix: `have its values leave it out; or, to keep it when the release goes: kubectl annotate ${which} helm.sh/resource-policy=keep, helm uninstall, then kubectl annotate ${which} meta.helm.sh/release-name- and kubectl label ${which} app.kubernetes.io/managed-by-`,
    };
  const argo = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance'];
  if (argo)
    return {
      reason: `belongs to the Argo CD Application ${argo}, which puts it back as it was`,
      fix: `delete that Application without its objects (--cascade=false)`,
    };
  const addon = annotations['objectset.rio.cattle.io/owner-name'];
  if (addon)
    return {
      reason: `is one of K3s' own: ${annotations['objectset.rio.cattle.io/owner-gvk'] ?? 'Addon'} ${addon} applies it at every start of a server`,
      fix: `start K3s with --disable ${addon}, which deletes it, or take it out of the environment`,
    };
  return undefined;
}
