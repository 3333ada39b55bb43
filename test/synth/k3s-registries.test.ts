import { expect, test } from '@jest/globals';
import { k3sRegistries } from '../../synth/k3s-registries.ts';

test('sends K3s to a registry without TLS by HTTP, whatever the path of its images', () => {
  expect(k3sRegistries({ registries: { own: { prefix: 'images.example.net:5000/team', insecure: true } } })).toEqual({
    mirrors: { 'images.example.net:5000': { endpoint: ['http://images.example.net:5000'] } },
  });
});

test('has nothing to say of one with TLS', () => {
  expect(k3sRegistries({ registries: { own: { prefix: 'ghcr.io/team' } } })).toBeUndefined();
});
