import { spawn } from 'node:child_process';
import { constants, createDecipheriv, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { assigned, checkValues, fromEnvFile, type Source, valuesOf } from '../../commands/seal-values.ts';
import type { Credential } from '../../synth/seal.ts';
import { runner, type Workspace, workspace } from '../workspace.ts';

// Sealing as a user meets it, on an environment with Secrets that several namespaces read.

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let space: Workspace;
beforeAll(() => {
  space = workspace('charts');
  space.write('certificate.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString());
});
afterAll(() => space.remove());

const CERT = ['--cert', 'certificate.pem'];
const seal = (input: string, ...args: string[]) => {
  const { stdout, stderr, status } = space.run({ input }, 'seal', 'homelab', ...args, ...CERT);
  return { printed: stdout + stderr, status };
};
const folder = () => join(space.folder, 'clusters/homelab/secrets');
const fileOf = (secret: string) => join(folder(), `${secret.replace('/', '.')}.yaml`);

/** The values of a sealed file, as the controller would open them. */
function opened(secret: string): Record<string, string> {
  const { spec } = load(readFileSync(fileOf(secret), 'utf8')) as { spec: { encryptedData: Record<string, string> } };
  return Object.fromEntries(
    Object.entries(spec.encryptedData).map(([key, value]) => {
      const bytes = Buffer.from(value, 'base64');
      const end = 2 + bytes.readUInt16BE(0);
      const session = privateDecrypt(
        {
          key: privateKey,
          padding: constants.RSA_PKCS1_OAEP_PADDING,
          oaepHash: 'sha256',
          oaepLabel: Buffer.from(secret),
        },
        bytes.subarray(2, end),
      );
      const cipher = createDecipheriv('aes-256-gcm', session, Buffer.alloc(12));
      cipher.setAuthTag(bytes.subarray(-16));
      return [key, Buffer.concat([cipher.update(bytes.subarray(end, -16)), cipher.final()]).toString()];
    }),
  );
}

describe('npm run seal', () => {
  test('--all makes up what may be, takes the rest from a file, and changes nothing the second time', () => {
    space.write('values.env', 'LOG_LEVEL=debug\nmonitoring/grafana-admin/admin-user="me # too"\nslack-url=\n');
    const { printed, status } = seal('', '--from-env-file', 'values.env');
    expect(status).toBe(1);
    expect(printed).toContain('passed over, no key that is waited for: LOG_LEVEL\n');
    expect(printed).toMatch(/still missing:\n {4}monitoring\/alert-receivers: slack-url\n/);
    expect(printed).not.toContain('me # too');
    const grafana = opened('monitoring/grafana-admin');
    expect(grafana).toEqual({ 'admin-user': 'me # too', 'admin-password': expect.stringMatching(/^[A-Za-z0-9]{32}$/) });
    // Three namespaces read it, and the store.
    const [password, ...copies] = ['databases', 'family-assistant', 'n8n'].map((namespace) =>
      opened(`${namespace}/postgresql-n8n`),
    );
    expect(copies).toEqual([password, password]);

    const all = () => readdirSync(folder()).map((name) => readFileSync(join(folder(), name), 'utf8'));
    const before = all();
    space.write('values.env', 'admin-user=another\n');
    seal('', '--all', '--from-env-file', 'values.env');
    expect(all()).toEqual(before);
  });

  test('a Secret without a value is no file, which would be applied as an empty one', () => {
    const secret = 'databases/elsewhere-homelab-backups';
    const { printed, status } = seal('', secret);
    expect(printed).toMatch(/^still missing: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; pipe them in: /);
    expect(status).toBe(1);
    expect(existsSync(fileOf(secret))).toBe(false);
  });

  test('a Secret that is sealed in a file of another name is not sealed twice', () => {
    const text = readFileSync(fileOf('n8n/n8n-encryption-key'), 'utf8');
    rmSync(fileOf('n8n/n8n-encryption-key'));
    space.write('clusters/homelab/secrets/mine.yaml', text);
    const { printed, status } = seal('N8N_ENCRYPTION_KEY=x\n', 'n8n/n8n-encryption-key');
    expect(status).toBe(1);
    expect(printed).toContain('is sealed in secrets/mine.yaml; move it to secrets/n8n.n8n-encryption-key.yaml');
  });

  test('a sealed file in merge conflict is told, not replaced', () => {
    const conflict = '<<<<<<< HEAD\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n=======\n';
    space.write('clusters/homelab/secrets/n8n.n8n-encryption-key.yaml', conflict);
    const { printed, status } = seal('N8N_ENCRYPTION_KEY=x\n', 'n8n/n8n-encryption-key');
    expect(status).toBe(1);
    expect(printed).toContain('clusters/homelab/secrets/n8n.n8n-encryption-key.yaml:2');
    expect(readFileSync(fileOf('n8n/n8n-encryption-key'), 'utf8')).toBe(conflict);
    rmSync(fileOf('n8n/n8n-encryption-key'));
  });

  // Of util-linux; others have another `script`.
  const atTerminal = process.platform === 'linux' ? test : test.skip;
  atTerminal('asks at a terminal, and shows nothing of what is typed', async () => {
    const command = `${process.execPath} ${runner(space.folder).join(' ')} main.ts seal homelab databases/elsewhere-homelab-backups ${CERT.join(' ')}`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: space.folder });
    const answers = ['typed-id\r', 'typed-secret\r'];
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (/\): $/.test(printed)) child.stdin.write(answers.shift() ?? '\r');
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(printed).toMatch(/elsewhere-homelab-backups AWS_ACCESS_KEY_ID \(Enter: later\): /);
    expect(printed).not.toContain('typed');
    expect(opened('databases/elsewhere-homelab-backups')).toEqual({
      AWS_ACCESS_KEY_ID: 'typed-id',
      AWS_SECRET_ACCESS_KEY: 'typed-secret',
    });
  });
});

const credential = (more: Partial<Credential> = {}): Credential => ({
  name: 'db',
  copies: [{ namespace: 'shop', name: 'db', keys: [] }],
  keys: ['user', 'password'],
  sealed: new Set(),
  halfSealed: new Set(),
  generate: { password: 16 },
  type: 'Opaque',
  ...more,
});

describe('values', () => {
  test('of a file: comments, export and quotes are left out, everything else is the value', () => {
    const lines = [
      '# of the old cluster',
      'export A="1"',
      "B='2 '",
      ' C=3 # 4 ',
      'D=',
      'shop/db/user=me=you',
      'dotted.key-1=5',
    ];
    space.write('lines.env', lines.join('\r\n'));
    const values = fromEnvFile(join(space.folder, 'lines.env'));
    expect([...values].map(([key, value]) => [key, `${value}`])).toEqual([
      ['A', '1'],
      ['B', '2 '],
      ['C', '3 # 4'],
      ['shop/db/user', 'me=you'],
      ['dotted.key-1', '5'],
    ]);
    space.write('wrong.env', 'A=1\nhunter2\n');
    expect(() => fromEnvFile(join(space.folder, 'wrong.env'))).toThrow(/wrong\.env:2: is not KEY=VALUE$/);
    expect(() => fromEnvFile('nowhere.env')).toThrow('--from-env-file nowhere.env: does not exist');
  });

  test('go to the Secret that has the key, or is named before it', () => {
    const [one, other] = [
      credential(),
      credential({ name: 'mail', copies: [{ namespace: 'shop', name: 'mail', keys: [] }] }),
    ];
    const value = Buffer.from('x');
    expect(assigned(new Map([['user', value]]), [one]).get(one)).toEqual({ user: value });
    expect([...assigned(new Map([['shop/mail/user', value]]), [one, other])]).toEqual([[other, { user: value }]]);
    expect(() => assigned(new Map([['user', value]]), [one, other])).toThrow(
      'user: is a key of shop/db, shop/mail; write it as shop/db/user=...',
    );
  });

  test('that the API server would refuse are refused, without a word of them', () => {
    const login = credential({ type: 'kubernetes.io/dockerconfigjson', keys: ['.dockerconfigjson'] });
    expect(() => checkValues(login, { '.dockerconfigjson': Buffer.from('{"auths":{}}') })).not.toThrow();
    expect(() => checkValues(login, { '.dockerconfigjson': Buffer.from('hunter2') })).toThrow(
      /^shop\/db: \.dockerconfigjson is no \{"auths": \.\.\.\}; kubectl/,
    );
  });
});

describe('what is asked for', () => {
  /** The values, and what was asked on the way; answers are given in turn. */
  async function asked(of: Credential, answers: string[], source: Partial<Source> = {}) {
    const questions: string[] = [];
    const prompt = {
      ask: async (question: string) => {
        questions.push(question);
        return answers.shift();
      },
      close: () => undefined,
    };
    const values = await valuesOf(of, { given: {}, prompt, ...source });
    return { questions, values: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, `${value}`])) };
  }

  test('of all Secrets, only what nobody can make up', async () => {
    const { questions, values } = await asked(credential(), ['me']);
    expect(questions).toEqual(['shop/db user (Enter: later): ']);
    expect(values).toEqual({ user: 'me', password: expect.stringMatching(/^[A-Za-z0-9]{16}$/) });
  });

  test('of one Secret, each key, with what Enter does', async () => {
    const { questions, values } = await asked(credential(), ['me', 'own'], { thorough: true });
    expect(questions).toEqual(['shop/db user (Enter: later): ', 'shop/db password (Enter: made up, 16 characters): ']);
    expect(values).toEqual({ user: 'me', password: 'own' });
  });

  test('of a complete one, which to replace', async () => {
    const sealed = new Set(['user', 'password']);
    expect(await asked(credential({ sealed }), ['', 'new'], { thorough: true })).toEqual({
      questions: ['shop/db user (Enter: as it is): ', 'shop/db password (Enter: as it is): '],
      values: { password: 'new' },
    });
    expect(await asked(credential({ sealed }), [])).toEqual({ questions: [], values: {} });
  });

  test('what one namespace has already is not made up for another', async () => {
    const halfSealed = new Set(['password']);
    const { questions, values } = await asked(credential({ halfSealed }), ['', '']);
    expect(questions).toEqual(['shop/db user (Enter: later): ', 'shop/db password (Enter: later): ']);
    expect(values).toEqual({});
  });

  test('anew, what may be made up', async () => {
    const sealed = new Set(['user', 'password']);
    const { questions, values } = await asked(credential({ sealed }), [], { regenerate: true });
    expect(questions).toEqual([]);
    expect(values).toEqual({ password: expect.stringMatching(/^[A-Za-z0-9]{16}$/) });
  });

  test('a file for @path, asked again where there is none', async () => {
    const { questions, values } = await asked(credential(), ['@/nowhere', '@package.json']);
    expect(questions).toHaveLength(2);
    expect(values.user).toContain('"name": "fleet-synth"');
  });
});
