import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import { HelmRelease, HelmRepository, OCIRepository } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { declare, identityOf, type Provides, type Runs, refuse } from '../imports/relations.ts';
import { namespaceOf } from './labels.ts';

export interface ChartReleaseProps {
  /** The name it keeps though the construct's id changed: `identity: 'api'`. @default - the construct's id */
  readonly identity?: string;
  /** Name of the Helm chart; release and source are called the same. @default - the construct's id */
  readonly chart?: string;
  /** The folder the chart lies in: `oci://ghcr.io/traefik/helm`, or the address of a Helm repository. */
  readonly from: string;
  /** One exact version: a range would change the cluster without a commit. */
  readonly version: string;
  /** As the chart's values.yaml has them. @default - its own */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What the chart brings that others refer to; nothing in it can be seen from here. */
  readonly provides?: Provides;
  /** Its pods, by what the values ask for; in the chart's namespace. @default - none */
  readonly runs?: readonly Omit<Runs, 'namespace'>[];
  /** What has to be up before the release: the CRDs of its monitors, the Secrets it names. @default - nothing */
  readonly uses?: readonly IConstruct[];
}

/**
 * A Helm chart released by Flux: HelmRelease and its source, in the chart's namespace, where it installs to. CRDs that the chart
 * keeps in `crds/` are replaced on upgrade, which Helm alone never does. A failed release is retried where it stands,
 * never rolled back or uninstalled: the fix is the next push. Refuses a version that is a range.
 * @see https://fluxcd.io/flux/components/helm/helmreleases/
 */
export class ChartRelease extends Construct {
  constructor(scope: Construct, constructId: string, props: ChartReleaseProps) {
    super(scope, constructId);
    const id = identityOf(this, props.identity);
    const { chart = id, from, version, values, provides, uses, runs = [] } = props;
    const { interval, retryInterval } = environmentOf(this).flux;
    const metadata = { name: chart, namespace: namespaceOf(this) };
    const oci = from.startsWith('oci://');
    const strategy = { name: 'RetryOnFailure', retryInterval } as const;

    if (!/^v?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
      refuse(this, [`version: "${version}" is not one exact version, it would change without a commit; pin it, 1.2.3`]);
    }
    declare(this, { layer: 'controllers', provides, uses });
    if (runs.length) declare(this, { runs: runs.map((each) => ({ ...each, namespace: metadata.namespace })) });

    if (oci) {
      new OCIRepository(this, 'source', {
        metadata,
        spec: {
          interval,
          url: `${from}/${chart}`,
          ref: { tag: version },
          layerSelector: { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', operation: 'copy' },
        },
      });
    } else {
      new HelmRepository(this, 'source', { metadata, spec: { interval, url: from } });
    }
    new HelmRelease(this, 'release', {
      metadata,
      spec: {
        interval,
        ...(oci
          ? { chartRef: { kind: 'OCIRepository', name: chart } }
          : { chart: { spec: { chart, version, sourceRef: { kind: 'HelmRepository', name: chart } } } }),
        releaseName: chart,
        install: { crds: 'CreateReplace', strategy },
        upgrade: { crds: 'CreateReplace', strategy },
        values,
      },
    });
  }
}
