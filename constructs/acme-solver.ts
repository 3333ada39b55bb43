import { Construct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import { KubeNetworkPolicy } from '../imports/k8s.ts';
import { declare } from '../imports/relations.ts';
import { labelsOf } from './labels.ts';
import { enrol } from './mesh.ts';

export interface AcmeSolverProps {
  /** Of what the certificate is for. */
  readonly name: string;
  readonly namespace: string;
}

const PORT = 8089;

/** Lets the ingress controller in to the pod that answers the certificate authority while cert-manager proves the domain. */
export class AcmeSolver extends Construct {
  constructor(scope: Construct, id: string, { name, namespace }: AcmeSolverProps) {
    super(scope, id);
    const pods = { namespace, labels: { 'acme.cert-manager.io/http01-solver': 'true' } };
    const { ingress } = environmentOf(this).network;
    // The issuer has it made without a proxy: it lives for seconds, and everybody may ask it.
    enrol(this, pods, 'default', false);
    new KubeNetworkPolicy(this, 'policy', {
      metadata: { name: `${name}-acme-solver`, namespace, labels: labelsOf(this, name) },
      spec: {
        podSelector: { matchLabels: pods.labels },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ingress.namespace } },
                podSelector: { matchLabels: { ...ingress.labels } },
              },
            ],
            ports: [{ protocol: 'TCP', port: PORT }],
          },
        ],
      },
    });
    declare(this, { flows: [{ from: { builtin: 'ingress' }, to: pods, port: PORT }] });
  }
}
