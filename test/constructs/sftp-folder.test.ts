import { describe, expect, test } from '@jest/globals';
import { SftpFolder, type SftpFolderProps } from '../../constructs/sftp-folder.ts';
import { Workload } from '../../constructs/workload.ts';
import { render } from './render.ts';

const full: Required<SftpFolderProps> = {
  host: 'nas.example.test',
  cidrs: ['192.168.1.20/32'],
  port: 2222,
  user: 'backup',
  path: '/volume1/backups',
  namespaces: ['shop', 'data'],
};

const writing = (props: SftpFolderProps) =>
  render((chart) => {
    const nas = new SftpFolder(chart, 'nas', props);
    new Workload(chart, 'writer', {
      image: 'registry.test/writer:1.0.0',
      size: 'small',
      uses: [nas.folder('photos')],
    });
  });

describe('SftpFolder', () => {
  test('tells rclone where, as whom, and by which keys', () => {
    const { find, relations } = writing(full);
    expect(find('ConfigMap', 'writer').data).toMatchObject({
      TARGET: ':sftp:/volume1/backups/photos',
      RCLONE_SFTP_HOST: 'nas.example.test',
      RCLONE_SFTP_PORT: '2222',
      RCLONE_SFTP_USER: 'backup',
    });
    const { containers, volumes } = find('Deployment', 'writer').spec.template.spec;
    const mounted = containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(mounted).toEqual(expect.arrayContaining(['/secrets/sftp/id_ed25519', '/secrets/sftp/known_hosts']));
    expect(JSON.stringify(volumes)).toContain('"secretName":"nas"');
    const sealed = relations.flatMap((relation) => relation.sealed ?? []);
    expect(sealed.map(({ namespace, keys }) => [namespace, keys])).toEqual([
      ['shop', ['id_ed25519', 'known_hosts']],
      ['data', ['id_ed25519', 'known_hosts']],
    ]);
  });

  test('opens the way to the host alone', () => {
    const { find } = writing(full);
    expect(JSON.stringify(find('NetworkPolicy', 'writer').spec.egress)).toContain(
      '"ports":[{"port":2222,"protocol":"TCP"}],"to":[{"ipBlock":{"cidr":"192.168.1.20/32"}}]',
    );
  });

  test('is at port 22 of any address outside unless told otherwise', () => {
    const { find } = writing({ host: 'nas.example.test', user: 'backup', path: '/backups' });
    const egress = JSON.stringify(find('NetworkPolicy', 'writer').spec.egress);
    expect(egress).toMatch(/"port":22,.*"cidr":"0\.0\.0\.0\/0"/);
  });

  test('refuses a port that is none', () => {
    expect(writing({ ...full, port: 0 }).problems).toEqual([expect.stringContaining('0 is not a port')]);
  });
});
