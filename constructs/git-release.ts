import { Construct, type IConstruct } from 'constructs';
import { GitRepository, Kustomization } from '../imports/custom.ts';
import { environmentOf } from '../imports/environment.ts';
import { declare, type Provides, refuse } from '../imports/relations.ts';
import { namespaceOf } from './labels.ts';

export interface GitReleaseProps {
  /** Where the repository lies, which is called as the construct's id: `https://github.com/rabbitmq`. */
  readonly from: string;
  /** A tag: a branch would change the cluster without a commit here. */
  readonly version: string;
  /** Folder with the kustomization; of the repository, only the topmost folder of it is fetched. */
  readonly path: string;
  /** Tags by image, where the repository's own say latest. @default - none */
  readonly images?: Readonly<Record<string, string>>;
  /** What it brings that others refer to; nothing in it can be seen from here. */
  readonly provides?: Provides;
  /** What has to be up before it. @default - nothing */
  readonly uses?: readonly IConstruct[];
}

/**
 * What a repository's own manifests install, for programs without a Helm chart: GitRepository at a tag and Flux
 * Kustomization, in the chart's namespace, where it installs to. The chart's Namespace stays ours: theirs is left out. Refuses
 * a version that is no tag.
 * @see https://fluxcd.io/flux/components/kustomize/kustomizations/
 */
export class GitRelease extends Construct {
  constructor(scope: Construct, id: string, props: GitReleaseProps) {
    super(scope, id);
    const { from, version, path, images = {}, provides, uses = [] } = props;
    const { interval, retryInterval } = environmentOf(this).flux;
    const metadata = { name: id, namespace: namespaceOf(this) };

    // Within one folder Flux starts both at once.
    const before = uses.filter((used) => used instanceof GitRelease).map(({ node }) => ({ name: node.id }));

    if (!/^v?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
      refuse(this, [`version: "${version}" is no tag of a release, it would change without a commit; pin it, v1.2.3`]);
    }
    declare(this, { layer: 'controllers', provides, uses });

    new GitRepository(this, 'source', {
      metadata,
      spec: { interval, url: `${from}/${id}`, ref: { tag: version }, ignore: `/*\n!/${path.split('/')[0]}\n` },
    });
    new Kustomization(this, 'release', {
      metadata,
      spec: {
        interval,
        retryInterval,
        path: `./${path}`,
        prune: true,
        wait: true,
        timeout: '5m',
        sourceRef: { kind: 'GitRepository', name: id },
        dependsOn: before.length ? before : undefined,
        images: Object.entries(images).map(([name, newTag]) => ({ name, newTag })),
        patches: [
          {
            target: { kind: 'Namespace' },
            patch: `$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${metadata.namespace}\n`,
          },
        ],
      },
    });
  }
}
