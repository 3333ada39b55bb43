import { constants, createDecipheriv, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { dump } from 'js-yaml';
import { checkSealed } from '../../synth/seal/findings.ts';
import { encrypt, sealedPath, sealSecret } from '../../synth/seal.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = { namespace: 'notifi', name: 'rabbitmq', keys: ['username', 'password'] };

/** What the sealed-secrets controller does with a value. */
function decrypt(sealed: string, label: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const size = bytes.readUInt16BE(0);
  const key = privateDecrypt(
    { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(label) },
    bytes.subarray(2, 2 + size),
  );
  const cipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12));
  cipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([cipher.update(bytes.subarray(2 + size, -16)), cipher.final()]).toString();
}

const sealed = (values: Record<string, string>, current?: ReturnType<typeof sealSecret>) =>
  sealSecret(
    secret,
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)])),
    publicKey,
    current,
  );
const encrypted = (object: ReturnType<typeof sealSecret>) =>
  (object.spec as { encryptedData: Record<string, string> }).encryptedData;

describe('sealing', () => {
  test('opens again under the namespace and name it was sealed for, and under no other', () => {
    const value = encrypt(Buffer.from('pässword'), publicKey, secret);
    expect(decrypt(value, 'notifi/rabbitmq')).toBe('pässword');
    expect(() => decrypt(value, 'default/rabbitmq')).toThrow();
  });

  test('a second sealing replaces only the keys it was given', () => {
    const first = sealed({ username: 'a', password: 'b' });
    const second = sealed({ password: 'c' }, first);
    expect(encrypted(second).username).toBe(encrypted(first).username);
    expect(decrypt(encrypted(second).password!, 'notifi/rabbitmq')).toBe('c');
  });

  test('a key that nothing reads any more is dropped', () => {
    const before = sealSecret({ ...secret, keys: ['old'] }, { old: Buffer.from('x') }, publicKey);
    expect(encrypted(sealed({ username: 'a' }, before))).toEqual({ username: expect.any(String) });
  });

  test('nothing is kept of a wider scope, which would not open in the strict one', () => {
    const first = sealed({ username: 'a', password: 'b' });
    const annotations = { 'sealedsecrets.bitnami.com/namespace-wide': 'true' };
    const wide = { ...first, metadata: { ...first.metadata, annotations } };
    expect(() => sealed({ password: 'c' }, wide)).toThrow('notifi/rabbitmq: was sealed in a wider scope');
    expect(sealed({ username: 'a', password: 'c' }, wide).metadata).toEqual({ name: 'rabbitmq', namespace: 'notifi' });
  });

  test('the Secret gets the labels that its reader looks for', () => {
    const { spec } = sealSecret({ ...secret, labels: { team: 'mail' } }, {}, publicKey);
    expect(spec).toMatchObject({ template: { metadata: { name: 'rabbitmq', labels: { team: 'mail' } } } });
  });
});

describe('checkSealed', () => {
  const declared = [{ path: 'notifi/rabbitmq', chart: 'notifi', unit: 'rabbitmq', sealed: secret }];
  const file = (object: object, path = sealedPath(secret)) => ({ path, text: dump(object) });

  test('what is missing stands in one list, with the keys and the command that makes it', () => {
    const half = file(sealed({ username: 'a' }));
    const other = { path: 'notifi/kafka', chart: 'notifi', unit: 'kafka', sealed: { ...secret, name: 'kafka' } };
    expect(checkSealed('studio', [...declared, other], [half])).toEqual([
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringMatching(
          /2 Secrets.*\n +notifi\/rabbitmq: password\n +notifi\/kafka: username, password$/,
        ),
        fix: 'npm run seal -- studio --all, or one by one: <namespace>/<name>',
      }),
    ]);
  });

  test('a complete file is fine, other documents beside it too', () => {
    const text = `${dump({ kind: 'Kustomization' })}---\n${dump(sealed({ username: 'a', password: 'b' }))}`;
    expect(checkSealed('studio', declared, [{ path: 'secrets/all.yaml', text }])).toEqual([]);
  });

  test('a secret sealed for the wrong namespace is an error', () => {
    const wrong = sealSecret({ ...secret, namespace: 'default' }, { username: Buffer.from('a') }, publicKey);
    expect(checkSealed('studio', declared, [file(wrong)])).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        message: expect.stringContaining('notifi/rabbitmq is what is read'),
      }),
    );
  });

  test('a template without the labels that its reader looks for is an error', () => {
    const labelled = [{ ...declared[0]!, sealed: { ...secret, labels: { team: 'mail' } } }];
    const whole = { username: 'a', password: 'b' };
    expect(checkSealed('studio', labelled, [file(sealed(whole))])).toEqual([
      expect.objectContaining({ severity: 'error', message: expect.stringContaining('lacks team=mail') }),
    ]);
    expect(checkSealed('studio', declared, [file(sealed(whole))])).toEqual([]);
  });

  test('a value that is none, a Secret in two files, and a wide scope are told', () => {
    const whole = sealed({ username: 'a', password: 'b' });
    const plain = {
      ...whole,
      spec: { ...(whole.spec as object), encryptedData: { username: 'me', password: 'Z2VoZWlt' } },
    };
    expect(checkSealed('studio', declared, [file(plain)])).toEqual([
      expect.objectContaining({
        severity: 'error',
        message: expect.stringMatching(/^username, password: is no sealed/),
      }),
    ]);
    expect(checkSealed('studio', declared, [file(whole), file(whole, 'secrets/b.yaml')])).toEqual([
      expect.objectContaining({
        severity: 'error',
        message: 'is sealed twice, in secrets/notifi.rabbitmq.yaml and secrets/b.yaml',
      }),
    ]);
    const annotations = { 'sealedsecrets.bitnami.com/cluster-wide': 'true' };
    expect(checkSealed('studio', declared, [file({ ...whole, metadata: { ...whole.metadata, annotations } })])).toEqual(
      [expect.objectContaining({ severity: 'warning', message: expect.stringMatching(/^is cluster-wide: /) })],
    );
  });

  test('what cannot be read is told with its file and line, and the rest is read', () => {
    const conflict = `<<<<<<< HEAD\n${dump(sealed({ username: 'a', password: 'b' }))}=======\n`;
    const [fault, ...others] = checkSealed('studio', declared, [
      { path: 'secrets/broken.yaml', text: conflict },
      { path: 'secrets/a.yaml', text: `${dump(sealed({ username: 'a', password: 'b' }))}--- # the next\n{}\n` },
      { path: 'secrets/b.yaml', text: 'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: x}\n' },
    ]);
    expect(fault).toMatchObject({
      rule: 'yaml-syntax',
      severity: 'error',
      file: 'clusters/studio/secrets/broken.yaml',
      line: 2,
    });
    expect(others).toEqual([]);
  });

  test('a template under another name is an error', () => {
    const object = sealed({ username: 'a', password: 'b' });
    const renamed = { ...object, metadata: { ...object.metadata, name: 'broker' } };
    expect(checkSealed('studio', [], [file(renamed)])).toMatchObject([
      { severity: 'error', message: expect.stringContaining('names another name') },
    ]);
  });
});
