import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import { kind } from './api-object.ts';

// The fields of Linkerd's policy kinds that are rendered here: npm has no models of them.
// https://linkerd.io/2-edge/reference/authorization-policy/

interface Of<Version extends string, Kind extends string, Spec> {
  readonly apiVersion: `policy.linkerd.io/${Version}`;
  readonly kind: Kind;
  readonly metadata: IObjectMeta;
  readonly spec: Spec;
}

/** A port of some pods: closed to everyone whom no AuthorizationPolicy lets in. */
export type IServer = Of<
  'v1beta3',
  'Server',
  {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly port: number | string;
    readonly proxyProtocol: 'unknown' | 'HTTP/1' | 'HTTP/2' | 'gRPC' | 'opaque' | 'TLS';
  }
>;

export type IAuthorizationPolicy = Of<
  'v1alpha1',
  'AuthorizationPolicy',
  {
    readonly targetRef:
      | { readonly group: 'policy.linkerd.io'; readonly kind: 'Server'; readonly name: string }
      | { readonly group: 'gateway.networking.k8s.io'; readonly kind: 'GRPCRoute'; readonly name: string };
    /** All of them have to hold. */
    readonly requiredAuthenticationRefs: readonly {
      readonly group: 'policy.linkerd.io';
      readonly kind: 'MeshTLSAuthentication' | 'NetworkAuthentication';
      readonly name: string;
    }[];
  }
>;

/** Clients whose proxies prove, with their certificate, that they are one of these. */
export type IMeshTlsAuthentication = Of<
  'v1alpha1',
  'MeshTLSAuthentication',
  {
    readonly identityRefs: readonly {
      readonly kind: 'ServiceAccount';
      readonly name: string;
      readonly namespace: string;
    }[];
  }
>;

/** Clients by their address, in the mesh or not. */
export type INetworkAuthentication = Of<
  'v1alpha1',
  'NetworkAuthentication',
  { readonly networks: readonly { readonly cidr: string; readonly except?: readonly string[] }[] }
>;

/** Some of the calls of a Server. https://gateway-api.sigs.k8s.io/api-types/grpcroute/ */
interface IGrpcRoute {
  readonly apiVersion: 'gateway.networking.k8s.io/v1';
  readonly kind: 'GRPCRoute';
  readonly metadata: IObjectMeta;
  readonly spec: {
    readonly parentRefs: readonly { readonly group: string; readonly kind: string; readonly name: string }[];
    readonly rules: readonly { readonly matches?: readonly { readonly method: { readonly service: string } }[] }[];
  };
}

export const GRPCRoute = kind<IGrpcRoute>('gateway.networking.k8s.io/v1', 'GRPCRoute');
export const Server = kind<IServer>('policy.linkerd.io/v1beta3', 'Server');
export const AuthorizationPolicy = kind<IAuthorizationPolicy>('policy.linkerd.io/v1alpha1', 'AuthorizationPolicy');
export const MeshTLSAuthentication = kind<IMeshTlsAuthentication>(
  'policy.linkerd.io/v1alpha1',
  'MeshTLSAuthentication',
);
export const NetworkAuthentication = kind<INetworkAuthentication>(
  'policy.linkerd.io/v1alpha1',
  'NetworkAuthentication',
);
