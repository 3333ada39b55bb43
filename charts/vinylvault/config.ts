import type { Construct } from 'constructs';
import { Credential } from '../../constructs/credential.ts';
import type { StageFacts } from './facts.ts';

/** Secrets of one stage, each rotated by itself: `npm run seal -- vinyl <namespace>/<name>`. */
export function secretsOf(chart: Construct, { discogs }: StageFacts) {
  const made = { length: 64 } as const;
  return {
    oauth: new Credential(chart, 'github-oauth', {
      keys: { GITHUB_CLIENT_ID: 'given', GITHUB_CLIENT_SECRET: 'given' },
    }),
    app: new Credential(chart, 'github-app', {
      keys: {
        GITHUB_APP_ID: 'given',
        GITHUB_APP_INSTALLATION_URL: 'given',
        GITHUB_APP_WEBHOOK_SECRET: { length: 40 },
        'private-key.pem': 'given',
      },
    }),
    jwt: new Credential(chart, 'jwt', { keys: { JWT_SECRET: made } }),
    session: new Credential(chart, 'session', { keys: { SESSION_SECRET: made } }),
    discogs: discogs ? [new Credential(chart, 'discogs', { keys: { DISCOGS_API_KEY: 'given' } })] : [],
  };
}

/** Where the GitHub App's key is mounted. */
export const PRIVATE_KEY = '/secrets/github-app/private-key.pem';
