import type { Email } from './facts.ts';

/** What an email provider asks for. */
export interface Adapter {
  readonly env: Readonly<Record<string, string>>;
  /** Keys of the service's Secret. */
  readonly keys: readonly string[];
  readonly host?: string;
  /** Path its delivery reports are posted to. */
  readonly webhook?: string;
}

/** @see https://hexdocs.pm/swoosh/Swoosh.html#module-adapters */
export function adapterOf(email: Email): Adapter {
  switch (email.by) {
    case 'sendgrid':
      return {
        env: { EMAIL_ADAPTER: 'Swoosh.Adapters.Sendgrid' },
        keys: ['SENDGRID_API_KEY'],
        host: 'api.sendgrid.com',
        webhook: '/api/webhooks/sendgrid',
      };
    case 'mailgun':
      return {
        env: { EMAIL_ADAPTER: 'Swoosh.Adapters.Mailgun', MAILGUN_DOMAIN: email.domain },
        keys: ['MAILGUN_API_KEY'],
        host: 'api.mailgun.net',
      };
    case 'ses':
      return {
        env: { EMAIL_ADAPTER: 'Swoosh.Adapters.AmazonSES', AWS_REGION: email.region },
        keys: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
        host: `email.${email.region}.amazonaws.com`,
      };
    case 'local':
      return { env: { EMAIL_ADAPTER: 'Swoosh.Adapters.Local' }, keys: [] };
  }
}
