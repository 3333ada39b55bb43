import { Construct } from 'constructs';
import { Middleware } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { KubeIngress } from '../imports/k8s.ts';
import { declare, type End, refuse } from '../imports/relations.ts';
import { AcmeSolver } from './acme-solver.ts';
import { Credential } from './credential.ts';
import { hostProblems } from './ingress.ts';
import { issuedBy } from './issued-by.ts';
import { labelsOf } from './labels.ts';

/** A Service with pages for people. */
export interface ConsoleBackend {
  readonly service: string;
  readonly port: number;
  /** Lets the ingress controller in. @default - nothing keeps it out */
  admit?(from: End): void;
}

export interface ConsoleProps {
  readonly host: string;
  /** Of the Service. */
  readonly namespace: string;
  readonly backend: ConsoleBackend;
  /** Whether it has users of its own; else Traefik asks for one of `users`. */
  readonly login: 'its own' | 'basic';
}

/**
 * A page for the people who run the cluster: Ingress with a certificate, in the namespace of what it shows, and a limit of
 * requests per address, for passwords are guessed there. Where it has no login of its own, Middleware basicAuth asks for one of
 * Credential `<id>-users`, key `users`: lines of `htpasswd -B`. Named after the construct's id.
 * @see https://doc.traefik.io/traefik/middlewares/http/basicauth/
 */
export class Console extends Construct {
  readonly host: string;

  constructor(scope: Construct, id: string, { host, namespace, backend, login }: ConsoleProps) {
    super(scope, id);
    const { ingress } = environmentOf(this);
    const labels = labelsOf(this, id);
    this.host = host;

    const users =
      login === 'basic'
        ? new Credential(this, `${id}-users`, { namespaces: [namespace], keys: { users: 'given' } })
        : undefined;
    const middlewares = {
      headers: { headers: { stsSeconds: 31536000, contentTypeNosniff: true, referrerPolicy: 'same-origin' } },
      'rate-limit': { rateLimit: { average: 50, period: '1s', burst: 100 } },
      // What is behind reads the header as a login of its own otherwise.
      ...(users && { login: { basicAuth: { secret: users.name, removeHeader: true } } }),
    };
    const through = Object.entries(middlewares).map(([kind, spec]) => {
      const name = `${id}-${kind}`;
      new Middleware(this, kind, { metadata: { name, namespace, labels }, spec });
      return `${namespace}-${name}@kubernetescrd`;
    });
    const secretName = `${id}-tls`;
    new KubeIngress(this, 'ingress', {
      metadata: {
        name: id,
        namespace,
        labels,
        annotations: {
          ...issuedBy(this),
          'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
          'traefik.ingress.kubernetes.io/router.tls': 'true',
          'traefik.ingress.kubernetes.io/router.middlewares': through.join(','),
        },
      },
      spec: {
        ingressClassName: ingress.class,
        tls: [{ hosts: [host], secretName }],
        rules: [
          {
            host,
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: backend.service, port: { number: backend.port } } },
                },
              ],
            },
          },
        ],
      },
    });
    backend.admit?.({ builtin: 'ingress' });
    new AcmeSolver(this, 'solver', { name: id, namespace });
    declare(this, {
      uses: users && [users],
      provides: { objects: [{ kind: 'Secret', namespace, name: secretName, keys: ['tls.crt', 'tls.key'] }] },
    });
    refuse(this, hostProblems(host));
  }
}
