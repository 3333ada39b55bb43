import { expect, test } from '@jest/globals';
import { Credential } from '../../constructs/credential.ts';
import { GcsFolder } from '../../constructs/gcs-folder.ts';
import { render } from './render.ts';

test('brings what rclone needs: where, the key as a file, the way out', () => {
  render((chart) => {
    const credential = new Credential(chart, 'writer', { keys: { 'key.json': 'given' } });
    const folder = new GcsFolder(chart, 'folder', { path: 'bucket/dumps', credential, key: 'key.json' });
    expect(folder.env).toEqual({
      TARGET: ':gcs:bucket/dumps',
      RCLONE_GCS_SERVICE_ACCOUNT_FILE: '/secrets/gcs/service-account.json',
      RCLONE_GCS_BUCKET_POLICY_ONLY: true,
    });
    expect(folder.files).toEqual({
      '/secrets/gcs/service-account.json': expect.objectContaining({ secret: 'writer', key: 'key.json' }),
    });
    expect(folder.endpoints.map(({ port }) => port)).toEqual([443]);
    expect(folder.construct).toBe(credential);
  });
});
