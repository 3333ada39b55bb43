import { describe, expect, test } from '@jest/globals';
import { container, data, find, objects, ofKind, store, variable } from './stores.ts';

describe('Vault [4]', () => {
  const config = () => data('vault-files', 'keys')['vault_config_vault.hcl'] as string;

  test('it listens where its Service leads to', () => {
    expect(config()).toContain('address = "[::]:8200"');
    expect(container('vault', 'vault', 'keys').command).not.toContain('-dev');
  });

  test('what it keeps is on volumes of three members that find each other', () => {
    expect(config().match(/retry_join/g)).toHaveLength(3);
    expect(store('vault', 'keys').spec).toMatchObject({ replicas: 3, podManagementPolicy: 'Parallel' });
    expect(find('Service', 'keys', 'vault-headless').spec.publishNotReadyAddresses).toBe(true);
  });

  test('an update restarts no member by itself: each would wait sealed for a person', () => {
    expect(store('vault', 'keys').spec.updateStrategy).toEqual({ type: 'OnDelete' });
  });

  test('a sealed member is alive, and gets no clients', () => {
    const { livenessProbe, readinessProbe } = container('vault', 'vault', 'keys');
    expect(livenessProbe.httpGet.path).toMatch(/sealedcode=204/);
    expect(readinessProbe.httpGet.path).not.toMatch(/sealedcode/);
  });

  test('no pod has the root token; each logs in as its own ServiceAccount', () => {
    const workloads = objects.filter(({ metadata, spec }) => metadata.namespace === 'keys' && spec?.template);
    expect(workloads.filter((each) => JSON.stringify(each).includes('VAULT_TOKEN'))).toEqual([]);
    expect(data('signer', 'keys')).toMatchObject({ VAULT_ROLE: 'keys.signer' });
  });

  test('a client that may create a key may not replace it', () => {
    const policies = JSON.stringify(ofKind('ConfigMap').map((map) => map.data));
    expect(policies).toMatch(/path \\"secret\/data\/signing\/\*\\" \{\\n *capabilities = \[\\"create\\", \\"read\\"\]/);
  });

  test('its members know their own addresses, under the names of their pods', () => {
    const addresses = ['VAULT_API_ADDR', 'VAULT_CLUSTER_ADDR'].map(
      (name) => variable(container('vault', 'vault', 'keys'), name).value,
    );
    expect(addresses).toEqual([
      'http://$(VAULT_RAFT_NODE_ID).vault-headless.keys.svc:8200',
      'https://$(VAULT_RAFT_NODE_ID).vault-headless.keys.svc:8201',
    ]);
  });
});
