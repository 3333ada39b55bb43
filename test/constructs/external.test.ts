import { describe, expect, test } from '@jest/globals';
import { External, type ExternalProps } from '../../constructs/external.ts';
import { render } from './render.ts';

const external = (props: ExternalProps) => {
  let made: External | undefined;
  const { objects, problems } = render((chart) => {
    made = new External(chart, 'provider', props);
  });
  return { ...made!, objects, problems };
};

describe('External', () => {
  test('is reachable on 443 anywhere outside the cluster, and renders nothing', () => {
    const { objects, endpoints } = external({ host: 'api.example.com' });
    expect(objects).toEqual([]);
    expect(endpoints).toEqual([
      {
        to: {
          cidr: '0.0.0.0/0',
          except: ['10.42.0.0/16', '10.43.0.0/16', '192.168.1.0/24', '169.254.169.254/32'],
        },
        port: 443,
      },
    ]);
  });

  test('takes published addresses, ports and variables', () => {
    const props: Required<ExternalProps> = {
      host: 'db.example.com',
      ports: [5432, 6543],
      cidrs: ['203.0.113.0/24'],
      env: { PGHOST: 'db.example.com' },
    };
    const { host, endpoints, env, problems } = external(props);
    expect({ host, env, problems }).toEqual({ host: props.host, env: props.env, problems: [] });
    expect(endpoints).toEqual([
      { to: { cidr: '203.0.113.0/24' }, port: 5432 },
      { to: { cidr: '203.0.113.0/24' }, port: 6543 },
    ]);
  });

  test('refuses ports that are none, all at once', () => {
    const { problems } = external({ host: 'api.example.com', ports: [0, 443, 70000] });
    expect(problems).toEqual([
      'ports: 0 is not a port, it has to be a whole number from 1 to 65535; correct it',
      'ports: 70000 is not a port, it has to be a whole number from 1 to 65535; correct it',
    ]);
  });
});
