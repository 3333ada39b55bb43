import { type App, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import type { AlertReceiversProps } from '../../constructs/alertmanager.ts';
import { FluxNotifications } from '../../constructs/flux-notifications.ts';
import { ImageUpdateAutomation } from '../../imports/custom.ts';
import type { Environment } from '../../imports/environment.ts';
import { declare, refuse } from '../../imports/relations.ts';

/** What Flux does besides applying: it commits new tags of own images, and speaks up when it fails. */
export function flux(app: App, environment: Environment, { alerts }: { readonly alerts: AlertReceiversProps }) {
  const namespace = 'flux-system';
  const chart = new Chart(app, 'flux', { namespace, disableResourceNameHashes: true });
  declare(chart, { platform: true });

  new FluxNotifications(chart, 'notifications', { channel: alerts.slack.channel });

  if (environment.imageTags !== 'flux') return;
  const { kind, branch } = environment.repository;
  if (kind === 'oci') {
    refuse(chart, [
      "imageTags: 'flux' commits tags to git, and this cluster reads an artifact (repository.kind is oci); let CI write them, imageTags: 'ci', with npm run tag",
    ]);
  }
  new ImageUpdateAutomation(new Construct(chart, 'image-automation'), 'automation', {
    metadata: { name: environment.name, namespace },
    spec: {
      interval: environment.flux.scanInterval ?? environment.flux.interval,
      sourceRef: { kind: 'GitRepository', name: namespace },
      git: {
        checkout: { ref: { branch } },
        commit: {
          author: { name: 'flux', email: `flux@${environment.domain}` },
          messageTemplate:
            'Update images of {{ .AutomationObject.Name }}\n\n{{ range .Changed.Changes }}{{ .OldValue }} -> {{ .NewValue }}\n{{ end }}',
        },
        push: { branch },
      },
      update: { path: `./clusters/${environment.name}`, strategy: 'Setters' },
    },
  });
}
