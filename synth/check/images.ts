import { unknowable } from '../resolve/links.ts';
import type { Rule } from './rule.ts';

const pod = (container: string) => `
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: notifi}
spec: {containers: [{name: api, ${container}}]}
`;

const missingImage: Rule = {
  name: 'missing-image',
  doc: 'A container without an image is refused.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, containers } of index.workloads) {
      for (const { path, name, image } of containers) {
        if (image) continue;
        yield {
          manifest,
          field: `${path}.image`,
          // A stranger's file may be a patch for something else.
          severity: closed ? 'error' : 'warning',
          message: `${path}.image: container "${name}" has none`,
          fix: 'name the image, with its tag',
        };
      }
    }
  },
  breaks: pod('command: [sh]'),
  passes: pod('image: "ghcr.io/notifi/api:1.4.2"'),
};

const mutableImage: Rule = {
  name: 'mutable-image',
  doc: 'An image without a tag, or with latest, differs from node to node and day to day, and cannot be rolled back.',
  severity: 'error',
  *check({ index, closed }) {
    for (const { manifest, containers } of index.workloads) {
      for (const { path, image } of containers) {
        if (!image || unknowable(image) || image.includes('@')) continue;
        const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
        if (tag && tag !== 'latest') continue;
        yield {
          manifest,
          field: `${path}.image`,
          severity: closed ? 'error' : 'warning',
          message: `${path}.image: "${image}" ${tag ? 'is whatever was pushed last' : 'has no tag, which means latest'}`,
          fix: 'pin a version tag or a digest',
        };
      }
    }
  },
  breaks: pod('image: "ghcr.io/notifi/api:latest"'),
  passes: pod('image: "registry:5000/notifi/api:1.4.2"'),
};

/** Registries and organisations that no longer receive images: https://kubernetes.io/blog/2023/03/10/image-registry-redirect/, https://github.com/bitnami/containers/issues/83267, https://github.com/makeplane/plane/pull/9829 */
const RETIRED = [
  { prefix: /^(k8s\.gcr\.io|gcr\.io\/google-containers)\//, instead: 'registry.k8s.io' },
  { prefix: /^(docker\.io\/)?bitnami\//, instead: 'the project’s own image' },
  { prefix: /^(docker\.io\/)?minio\/(minio|mc)\b/, instead: 'quay.io/minio, which still has the last ones' },
];

const retiredImage: Rule = {
  name: 'retired-image',
  doc: 'An image from a place that was closed: it gets no fixes and may be gone tomorrow.',
  severity: 'warning',
  *check({ index }) {
    for (const { manifest, containers } of index.workloads) {
      for (const { path, image = '' } of containers) {
        const retired = RETIRED.find(({ prefix }) => prefix.test(image));
        if (!retired) continue;
        yield {
          manifest,
          field: `${path}.image`,
          message: `${path}.image: "${image}" is from a closed registry`,
          fix: `use ${retired.instead}`,
        };
      }
    }
  },
  breaks: pod('image: "k8s.gcr.io/pause:3.9"'),
  passes: pod('image: "registry.k8s.io/pause:3.9"'),
};

export const imageRules: readonly Rule[] = [missingImage, mutableImage, retiredImage];
