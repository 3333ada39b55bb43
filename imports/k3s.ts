import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import { kind } from './api-object.ts';

/** Values for a chart that K3s installs itself, such as its Traefik. https://docs.k3s.io/add-ons/helm */
export interface IHelmChartConfig {
  readonly apiVersion: 'helm.cattle.io/v1';
  readonly kind: 'HelmChartConfig';
  readonly metadata: IObjectMeta;
  readonly spec: { readonly valuesContent: string };
}

export const HelmChartConfig = kind<IHelmChartConfig>('helm.cattle.io/v1', 'HelmChartConfig');
