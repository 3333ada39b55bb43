import { type RequestOptions, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toYaml } from '../../synth/emit.ts';
import fc from '../property.ts';
import { text } from '../synth/nasty.ts';
import { type Bed, startBed } from './bed.ts';

let bed: Bed;
let server: RequestOptions;

beforeAll(async () => {
  bed = await startBed({ nodes: [], crds: ['flux'] });
  const config = JSON.parse(await bed.kubectl(['config', 'view', '--raw', '--flatten', '--minify', '-o', 'json']));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const decoded = (data?: string) => data && Buffer.from(data, 'base64');
  const url = new URL(cluster.server);
  server = {
    host: url.hostname,
    port: url.port,
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
    headers: { 'Content-Type': 'application/yaml', ...(user.token ? { Authorization: `Bearer ${user.token}` } : {}) },
  };
});

afterAll(() => bed?.stop());

/** Sends YAML as it is, past kubectl, which would make JSON of it; answers what the API server made of it. */
function post(path: string, body: string): Promise<{ kind: string; data: unknown; message?: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ ...server, method: 'POST', path }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        answer += chunk;
      });
      response.on('end', () => resolve(JSON.parse(answer)));
    });
    call.on('error', reject).end(body);
  });
}

describe('the API server', () => {
  test('reads back every text that synth writes', async () => {
    const texts = fc.sample(text, 6_000);
    for (let start = 0; start < texts.length; start += 200) {
      const data = Object.fromEntries(texts.slice(start, start + 200).map((text, i) => [`${start + i}`, text]));
      const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `texts-${start}` }, data };
      const {
        kind,
        data: stored,
        message,
      } = await post('/api/v1/namespaces/default/configmaps?fieldValidation=Strict', toYaml(configMap));
      expect([kind, message]).toEqual(['ConfigMap', undefined]);
      expect(stored).toEqual(data);
    }
  });
});
