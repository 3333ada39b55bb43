import type { Construct } from 'constructs';
import { environmentOf } from '../imports/environment.ts';
import type { Dependency } from './dependency.ts';
import { namespaceOf } from './labels.ts';

/** The port of OTLP over HTTP; every other one is taken for gRPC. */
const HTTP_PORT = 4318;

/**
 * What OpenTelemetry's SDKs read: whom they send to, and who they are. Where the environment has no receiver, they are
 * switched off: they would try localhost for ever.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function telemetryOf(scope: Construct, name: string): Required<Pick<Dependency, 'env' | 'endpoints'>> {
  const { name: environment, otlp } = environmentOf(scope);
  if (!otlp) return { env: { OTEL_SDK_DISABLED: true }, endpoints: [] };
  const { endpoint, to, port } = otlp;
  const attributes = { 'service.namespace': namespaceOf(scope), 'deployment.environment.name': environment };
  return {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      // SDKs differ in what they take for granted.
      OTEL_EXPORTER_OTLP_PROTOCOL: port === HTTP_PORT ? 'http/protobuf' : 'grpc',
      OTEL_SERVICE_NAME: name,
      OTEL_RESOURCE_ATTRIBUTES: Object.entries(attributes)
        .map(([attribute, value]) => `${attribute}=${value}`)
        .join(','),
    },
    endpoints: [{ to, port }],
  };
}
