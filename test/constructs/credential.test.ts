import { describe, expect, test } from '@jest/globals';
import { Credential, type CredentialProps } from '../../constructs/credential.ts';
import { declare } from '../../imports/relations.ts';
import { type Options, render } from './render.ts';

const credential = (props: CredentialProps, options?: Options) => {
  let made: Credential | undefined;
  const rendered = render((chart) => {
    made = new Credential(chart, 'db', props);
  }, options);
  return { ...rendered, made: made! };
};

const generated: Options = { secrets: { kind: 'generated' } };
const external: Options = {
  secrets: { kind: 'external', store: { kind: 'ClusterSecretStore', name: 'vault' } },
};

describe('Credential', () => {
  test('sealed: renders nothing, names the file that a person makes and the keys that may be made up', () => {
    const { objects, relations } = credential({ keys: { PASSWORD: { length: 32 }, URL: 'given' } });
    expect(objects).toEqual([]);
    expect(relations).toEqual([
      {
        sealed: {
          namespace: 'shop',
          name: 'db',
          keys: ['PASSWORD', 'URL'],
          generate: { PASSWORD: 32 },
          type: 'Opaque',
        },
      },
    ]);
  });

  test('sealed in two namespaces: once for each, of one construct, so that both get the same values', () => {
    const { relations } = credential({ namespaces: ['shop', 'jobs'], keys: { PASSWORD: { length: 32 } } });
    expect(relations.flatMap(({ sealed }) => (sealed ? [[sealed.namespace, sealed.generate]] : []))).toEqual([
      ['shop', { PASSWORD: 32 }],
      ['jobs', { PASSWORD: 32 }],
    ]);
  });

  test('external: one ExternalSecret per namespace, one property per key', () => {
    const props: Required<CredentialProps> = {
      name: 'registry',
      namespaces: ['shop', 'flux-system'],
      keys: { '.dockerconfigjson': 'given' },
      type: 'kubernetes.io/dockerconfigjson',
      path: 'shared/registry',
      labels: { team: 'platform' },
    };
    const { names, find, problems } = credential(props, external);
    expect(problems).toEqual([]);
    expect(names).toEqual(['ExternalSecret flux-system/registry', 'ExternalSecret shop/registry']);
    expect(find('ExternalSecret', 'registry', 'shop').spec).toEqual({
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'vault' },
      target: {
        name: 'registry',
        template: { type: 'kubernetes.io/dockerconfigjson', metadata: { labels: { team: 'platform' } } },
      },
      data: [{ secretKey: '.dockerconfigjson', remoteRef: { key: 'shared/registry', property: '.dockerconfigjson' } }],
    });
  });

  test('external: in a chart of the platform it is sealed, for the store may stand on that', () => {
    const { names, relations } = render((chart) => {
      declare(chart, { platform: true });
      new Credential(chart, 'unseal', { keys: { TOKEN: 'given' } });
    }, external);
    expect(names).toEqual([]);
    expect(relations).toContainEqual({
      sealed: expect.objectContaining({ namespace: 'shop', name: 'unseal', keys: ['TOKEN'] }),
    });
  });

  test('external: the path is by environment, namespace and name', () => {
    const { find } = credential({ keys: { PASSWORD: 'given' } }, external);
    expect(find('ExternalSecret', 'db').spec.data[0].remoteRef.key).toBe('test/shop/db');
  });

  test('generated: made once, never overwritten, never pruned', () => {
    const { find, names } = credential({ keys: { PASSWORD: { length: 32 }, SALT: { length: 16 } } }, generated);
    expect(names).toEqual(['ExternalSecret shop/db', 'Password shop/db-16', 'Password shop/db-32']);
    const { metadata, spec } = find('ExternalSecret', 'db');
    expect(metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/prune': 'disabled' });
    expect(spec.refreshPolicy).toBe('CreatedOnce');
    expect(spec.target).toEqual({ name: 'db', creationPolicy: 'Orphan', deletionPolicy: 'Retain', immutable: true });
    expect(spec.dataFrom).toEqual(
      [
        ['PASSWORD', 'db-32'],
        ['SALT', 'db-16'],
      ].map(([target, name]) => ({
        sourceRef: {
          generatorRef: { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'Password', name },
        },
        rewrite: [{ regexp: { source: '^password$', target } }],
      })),
    );
    expect(find('Password', 'db-32').spec).toMatchObject({ length: 32, symbols: 0, allowRepeat: true });
  });

  test('generated: other namespaces get copies, read by an account that may read this Secret only', () => {
    const { find, names } = credential({ namespaces: ['shop', 'jobs'], keys: { PASSWORD: { length: 32 } } }, generated);
    expect(names).toContain('ServiceAccount jobs/db-reader');
    expect(find('Role', 'db-reader', 'shop').rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['db'], verbs: ['get'] },
    ]);
    expect(find('RoleBinding', 'db-reader', 'shop').subjects).toEqual([
      { kind: 'ServiceAccount', name: 'db-reader', namespace: 'jobs' },
    ]);
    expect(find('SecretStore', 'db', 'jobs').spec.provider.kubernetes).toMatchObject({
      remoteNamespace: 'shop',
      auth: { serviceAccount: { name: 'db-reader' } },
    });
    expect(find('ExternalSecret', 'db', 'jobs').spec).toMatchObject({
      secretStoreRef: { kind: 'SecretStore', name: 'db' },
      data: [{ secretKey: 'PASSWORD', remoteRef: { key: 'db', property: 'PASSWORD' } }],
    });
  });

  test('generated: what a person was given is sealed there too', () => {
    const { objects, relations } = credential({ keys: { API_KEY: 'given', SALT: { length: 16 } } }, generated);
    expect(objects).toEqual([]);
    expect(relations[0]?.sealed).toMatchObject({ name: 'db', generate: { SALT: 16 } });
  });

  test('gives its keys as variables and files', () => {
    const { made } = credential({ keys: { PASSWORD: 'given', 'ca.crt': 'given' } });
    const value = (key: string) => ({ secret: 'db', key, namespaces: ['shop'], construct: made });
    expect(made.env).toEqual({ PASSWORD: value('PASSWORD') });
    expect(made.only('PASSWORD').env).toEqual({ PASSWORD: value('PASSWORD') });
    expect(made.as({ PGPASSWORD: 'PASSWORD' }).env).toEqual({ PGPASSWORD: value('PASSWORD') });
    expect(made.file('/etc/ca.crt', 'ca.crt').files).toEqual({ '/etc/ca.crt': value('ca.crt') });
  });

  test.each<[string, CredentialProps, string]>([
    ['no keys', { keys: {} }, 'keys: none, a Secret without values helps nobody; name what the pods read'],
    [
      'an ill-named key',
      { keys: { 'a b': 'given' } },
      'keys: "a b" is not a key of a Secret, only letters, digits, -, _ and . are; rename it',
    ],
    [
      'a short value',
      { keys: { PIN: { length: 4 } } },
      'keys.PIN: length 4, a generated value has 16 to 128 characters; correct it',
    ],
    [
      'a key that the type lacks',
      { keys: { 'tls.crt': 'given' }, type: 'kubernetes.io/tls' },
      'keys: tls.key is missing, the type kubernetes.io/tls demands it; add it',
    ],
  ])('refuses %s', (_, props, problem) => {
    expect(credential(props).problems).toEqual([problem]);
  });

  test('refuses a key that it does not have', () => {
    const { problems } = render((chart) => new Credential(chart, 'db', { keys: { A: 'given' } }).key('B'));
    expect(problems).toEqual(['B: is not a key of db, it has A; add it to keys']);
  });
});
