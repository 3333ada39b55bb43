import { describe, expect, test } from '@jest/globals';
import lab from '../../../charts/environments/lab.ts';
import { images } from '../../../charts/versions.ts';
import { data, find, ofKind, type Plain, replicated } from './stores.ts';

describe('backups [5]', () => {
  const backups = () => ofKind('CronJob').filter(({ metadata }) => metadata.name.endsWith('-backup'));
  const podOf = (job: Plain) => job.spec.jobTemplate.spec.template.spec;
  const scripts = (name: string) =>
    ofKind('ConfigMap')
      .filter(({ metadata }) => metadata.name.startsWith(`${name}-`) && metadata.name.endsWith('-files'))
      .flatMap((map) => Object.entries<string>(map.data));

  test('every volume that a Job mounts is there', () => {
    for (const job of backups()) {
      for (const { persistentVolumeClaim } of podOf(job).volumes) expect(persistentVolumeClaim).toBeUndefined();
    }
    expect(backups().length).toBeGreaterThan(4);
  });

  test('a script stops at the first failure, inside of pipes too', () => {
    for (const { metadata } of backups()) {
      for (const [name, text] of scripts(metadata.name)) {
        const begins = /^#!\/bin\/(?:ba)?sh\nset -eu(o pipefail)?\n/.exec(text);
        expect([name, begins]).not.toEqual([name, null]);
        if (!begins![1]) expect(text.replaceAll(/\$\([^)]*\)|\|\|/g, '')).not.toMatch(/[^|]\|[^|]/);
      }
    }
  });

  test('a dump is read back before it is called one', () => {
    const checks = {
      postgresql: 'pg_restore --file=/dev/null',
      redis: 'redis-check-rdb',
      mongodb: 'gzip --decompress',
    };
    for (const [name, check] of Object.entries(checks)) {
      expect(data(`${name}-backup-dump-files`)['scripts_dump.sh']).toContain(check);
    }
  });

  test('each step has an image that holds its programs', () => {
    const { initContainers, containers } = podOf(find('CronJob', 'lab', 'postgresql-backup'));
    expect(initContainers.map(({ image }: Plain) => image)).toEqual([images.postgres17]);
    for (const { image } of containers) expect(image).toBe(images.rclone);
  });

  test('what was uploaded is compared with what was dumped', () => {
    expect(data('postgresql-backup-files')['scripts_upload.sh']).toContain('rclone check --one-way');
  });

  test('one target is outside of the cluster', () => {
    for (const { metadata } of backups()) {
      const { namespace, name } = metadata;
      const policy = find('NetworkPolicy', namespace, name);
      expect(JSON.stringify(policy.spec.egress)).toContain('0.0.0.0/0');
    }
  });

  test('buckets are made before anybody writes to them', () => {
    expect(ofKind('Job').map(({ metadata }) => metadata.name)).toContainEqual(expect.stringMatching(/^minio-buckets/));
  });

  test('what is old is removed at the target too', () => {
    expect(data('postgresql-backup-files')['scripts_upload.sh']).toContain('rclone delete --min-age "$KEEP"');
  });

  test('two never run at once, one that was missed runs late, and one that is too old is told', () => {
    for (const { metadata, spec } of backups()) {
      expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', startingDeadlineSeconds: expect.any(Number) });
      const rules = JSON.stringify(ofKind('PrometheusRule').map((rule) => rule.spec.groups));
      expect(rules).toContain(`cronjob=\\"${metadata.name}\\"`);
    }
  });
});

describe('volumes [6]', () => {
  const nfs = () => ofKind('StorageClass').find(({ metadata }) => metadata.name === 'nfs');

  test('members of one store are on disks of their own, never on one NAS', () => {
    for (const { spec } of replicated()) {
      for (const claim of spec.volumeClaimTemplates) expect(claim.spec.storageClassName).toBe('local-path');
    }
  });

  test('NFS is mounted so that a write waits for the server, and never gives up', () => {
    expect(nfs()!.mountOptions).toEqual(['hard', 'nfsvers=4.1', 'noatime']);
  });

  test('a claim has a folder of its own on the NAS, by namespace and name, which outlives it', () => {
    expect(nfs()!.parameters).toMatchObject({
      subDir: '${pvc.metadata.namespace}/${pvc.metadata.name}/${pv.metadata.name}',
      onDelete: 'retain',
    });
  });

  test('its class promises no growth that the server would not enforce', () => {
    expect(nfs()!.allowVolumeExpansion).toBeUndefined();
    expect(lab.storageClasses).toMatchObject({ nfs: { kind: 'shared', expandable: false } });
  });
});
