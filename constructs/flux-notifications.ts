import { ApiObject, Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import { Alert, Provider } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { sourceKind } from '../imports/source.ts';
import { Credential } from './credential.ts';
import { namespaceOf } from './labels.ts';

export interface FluxNotificationsProps {
  /** Slack channel, by a webhook that the credential holds: `#findly-alerts`. */
  readonly channel: string;
}

/**
 * Tells people when Flux cannot bring the cluster to what was pushed: Provider and Alert for every source,
 * Kustomization and image update, and for the HelmReleases of the whole app, wherever they are. It goes to Slack directly:
 * what failed may be Alertmanager's own release.
 * @see https://fluxcd.io/flux/components/notification/alerts/
 */
export class FluxNotifications extends Construct {
  constructor(scope: Construct, id: string, props: FluxNotificationsProps) {
    super(scope, id);
    const { channel } = props;
    const { name, repository } = environmentOf(this);
    const metadata = { name: 'slack', namespace: namespaceOf(this) };

    const credential = new Credential(this, 'credential', { name: 'flux-slack', keys: { address: 'given' } });

    new Provider(this, 'provider', {
      metadata,
      spec: { type: 'slack', channel, secretRef: { name: credential.name } },
    });
    new Alert(this, 'alert', {
      metadata,
      spec: {
        providerRef: { name: metadata.name },
        eventMetadata: { cluster: name },
        eventSeverity: 'error',
        eventSources: Lazy.any({ produce: () => [...own(sourceKind(repository)), ...this.releases()] }),
      },
    });
  }

  /** Its namespace has to be named for each; charts that come later count too. */
  private releases() {
    const objects = this.node.root.node.findAll().filter(ApiObject.isApiObject);
    const releases = objects.filter(({ kind }) => kind === 'HelmRelease');
    const namespaces = new Set(releases.map(({ metadata }) => metadata.namespace));
    return [...namespaces].sort().map((namespace) => ({ kind: 'HelmRelease', name: '*', namespace }));
  }
}

const own = (source: string) =>
  [source, 'Kustomization', 'ImageRepository', 'ImagePolicy', 'ImageUpdateAutomation'].map((kind) => ({
    kind,
    name: '*',
  }));
