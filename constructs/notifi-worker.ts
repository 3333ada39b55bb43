import type { Construct } from 'constructs';
import { KnativeWorker, type KnativeWorkerProps } from './knative-worker.ts';
import { APP_UID, conventions, discovery } from './notifi-service.ts';

export type NotifiWorkerProps = KnativeWorkerProps;

/**
 * KnativeWorker with the conventions of Notifi's .NET services, as NotifiService has them. Kestrel listens on port 8080 and, where
 * there are metrics, on theirs. A variable of the same name given in `env` replaces a convention.
 */
export class NotifiWorker extends KnativeWorker {
  constructor(scope: Construct, id: string, props: NotifiWorkerProps) {
    const { port = 8080, metrics, calls = [], run, env } = props;
    super(scope, id, {
      ...props,
      run: { user: APP_UID, ...run },
      env: { ...conventions({ http: port, ...(metrics && { metrics }) }), ...discovery(calls), ...env },
    });
  }
}
