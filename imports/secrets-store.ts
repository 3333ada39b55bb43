import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import { kind } from './api-object.ts';

/** What a provider mounts as files, and which of it also becomes a Secret. https://secrets-store-csi-driver.sigs.k8s.io/concepts */
export interface ISecretProviderClass {
  readonly apiVersion: 'secrets-store.csi.x-k8s.io/v1';
  readonly kind: 'SecretProviderClass';
  readonly metadata: IObjectMeta;
  readonly spec: {
    readonly provider: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly secretObjects?: readonly {
      readonly secretName: string;
      readonly type: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly data: readonly { readonly objectName: string; readonly key: string }[];
    }[];
  };
}

export const SecretProviderClass = kind<ISecretProviderClass>('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass');
