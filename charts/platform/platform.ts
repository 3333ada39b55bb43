import type { System } from '../../imports/environment.ts';
import { certManager } from './cert-manager.ts';
import { flux } from './flux.ts';
import { type MonitoringFacts, monitoring } from './monitoring.ts';
import { type NfsFacts, nfs } from './nfs.ts';
import { prometheusCrds } from './prometheus-crds.ts';
import { rabbitmq } from './rabbitmq.ts';
import { sealedSecrets } from './sealed-secrets.ts';
import { strimzi } from './strimzi.ts';
import { traefik } from './traefik.ts';

export interface PlatformFacts extends MonitoringFacts {
  /** Who hears from Let's Encrypt about a certificate that was not renewed. */
  readonly email: string;
  /** A NAS, for StorageClass `nfs`. @default - none */
  readonly nfs?: NfsFacts;
  /** Operators of stores, by what they run: `{ rabbitmq: true, kafka: ['lab'] }`, Kafka's for brokers in these namespaces. @default - none */
  readonly operators?: { readonly rabbitmq?: boolean; readonly kafka?: readonly string[] };
}

/** What every system of an environment stands on: ingress, certificates, sealed secrets, monitoring, alerting. */
export const platform =
  (facts: PlatformFacts): System =>
  (app, environment) => {
    const crds = prometheusCrds(app);
    if (environment.secrets.kind === 'sealed') sealedSecrets(app, crds);
    const certificates = certManager(app, crds, facts);
    traefik(app, crds);
    monitoring(app, crds, facts);
    flux(app, environment, facts);
    if (facts.nfs) nfs(app, facts.nfs);
    if (facts.operators?.rabbitmq) rabbitmq(app, certificates);
    if (facts.operators?.kafka) strimzi(app, facts.operators.kafka);
  };
