import { beforeAll, describe, expect, test } from '@jest/globals';
import lab from '../../charts/environments/lab.ts';
import { type Explanation, explainer } from '../../synth/explain.ts';
import { synthesize } from '../../synth/synthesize.ts';

let explain: (kind: string, namespace: string | undefined, name: string) => Explanation;
beforeAll(() => {
  const synthesis = synthesize(lab, new Map());
  const explained = explainer('lab', synthesis);
  explain = (...address) => explained(synthesis.index.find(...address)!);
});

describe('explain', () => {
  test('says where an object comes from and who applies it, after what', () => {
    expect(explain('Deployment', 'lab', 'ledger')).toMatchObject({
      object: 'Deployment lab/ledger',
      source: { file: 'charts/lab/client.ts' },
      construct: 'lab/ledger/deployment',
      file: 'clusters/lab/lab/ledger.yaml',
      kustomization: { name: 'lab', after: ['lab-stores'] },
    });
  });

  test('says what it needs with the keys, whom its pods call, and what stands on it', () => {
    const { needs, calls, neededBy, breaks } = explain('Deployment', 'lab', 'ledger');
    expect(needs).toContainEqual({
      object: 'Secret lab/postgresql-ledger',
      fields: ['spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef'],
      parts: ['password'],
      optional: false,
      by: 'lab/postgresql/postgresql-ledger',
    });
    expect(calls).toContainEqual({ peer: 'StatefulSet lab/postgresql', ports: ['TCP 5432'] });
    expect(neededBy).toContainEqual({
      object: 'PodDisruptionBudget lab/ledger',
      fields: ['spec.selector'],
      parts: [],
      optional: true,
    });
    expect(breaks).toEqual(['Service lab/ledger']);
  });

  test('follows a store to its clients and theirs', () => {
    const { calledBy, breaks } = explain('StatefulSet', 'lab', 'postgresql');
    expect(calledBy.map(({ peer }) => peer)).toContain('Deployment lab/postgresql-pooler');
    // By way of the pooler.
    expect(breaks).toContain('Deployment lab/reports');
    expect(breaks).not.toContain('Deployment lab/sessions');
    expect(breaks).not.toContain('PodDisruptionBudget lab/postgresql');
  });

  test('knows a Service that is called by its name', () => {
    const { neededBy, breaks } = explain('Service', 'lab', 'postgresql');
    expect(neededBy).toContainEqual({
      object: 'ConfigMap lab/ledger',
      fields: ['by name'],
      parts: [],
      optional: false,
    });
    expect(breaks).toContain('Deployment lab/ledger');
  });

  test('knows a Secret that a person seals by those who read it', () => {
    const { file, source, neededBy } = explain('Secret', 'lab', 'postgresql-ledger');
    expect(file).toBeUndefined();
    expect(source?.file).toBe('charts/lab/lab.ts');
    expect(neededBy.map(({ object }) => object)).toContain('Job lab/postgresql-bootstrap');
  });

  test('names all that goes with a namespace, and what calls into it', () => {
    const { breaks } = explain('Namespace', undefined, 'lab');
    expect(breaks).toEqual(expect.arrayContaining(['StatefulSet lab/kafka', 'CronJob keys/vault-backup']));
  });
});
