import { expect, test } from '@jest/globals';
import prod from '../../charts/environments/neotool-prod.ts';
import { serviceNames } from '../../charts/neotool/facts.ts';
import { neotool } from '../../charts/neotool/neotool.ts';
import { rendered } from './environment.ts';
import { firing, type Series, withPromtool } from './promtool.ts';

const { spec } = rendered({
  ...prod,
  systems: [
    neotool({
      host: 'neotool.example.com',
      postgres: { members: 3, storage: '1Gi' },
      kafka: { members: 3, storage: '1Gi' },
      vault: { mode: 'raft', storage: '1Gi' },
      objects: { by: 'r2', account: '0123456789abcdef0123456789abcdef' },
      bacenIfdata: true,
    }),
  ],
}).find('PrometheusRule', 'neotool-observability', 'neotool');

const of = (job: string, pod = 'a') => `namespace="neotool-app",job="${job}",pod="${pod}"`;
const up = (job: string, namespace = 'neotool-app') => `up{namespace="${namespace}",job="${job}",pod="a"}`;
const answered = (job: string, status: string) =>
  `http_server_requests_seconds_count{${of(job)},uri="/graphql",status="${status}"}`;
const took = (job: string, le: string) => `http_server_requests_seconds_bucket{${of(job)},uri="/graphql",le="${le}"}`;
const routed = (status: string) =>
  `http_server_request_duration_seconds_count{namespace="neotool-web",job="router",pod="a",http_response_status_code="${status}"}`;
const heap = (what: string, id: string) => `jvm_memory_${what}_bytes{${of('app')},area="heap",id="${id}"}`;
const waiting = `hikaricp_connections_pending{${of('app')},pool="default"}`;
const imported = (metric: string) => `kube_cronjob_${metric}{namespace="neotool-workflows",cronjob="bacen-ifdata"}`;

/** A system that runs well; each case below changes one thing. */
const healthy: Series = {
  ...Object.fromEntries(serviceNames.map((name) => [up(name), '1x150'])),
  [up('router', 'neotool-web')]: '1x150',
  [answered('app', '200')]: '0+100x150',
  [answered('app', '500')]: '0+1x150',
  [answered('app-canary', '200')]: '0+10x150',
  [took('app', '0.5')]: '0+99x150',
  [took('app', '1.5')]: '0+100x150',
  [took('app', '+Inf')]: '0+100x150',
  [routed('200')]: '0+100x150',
  [routed('503')]: '0+1x150',
  [heap('used', 'G1 Old Gen')]: '500x150',
  [heap('used', 'G1 Eden Space')]: '100x150',
  [heap('max', 'G1 Old Gen')]: '700x150',
  // The JVM gives no bound of its own to some of its parts.
  [heap('max', 'G1 Eden Space')]: '-1x150',
  [waiting]: '0x150',
  [imported('created')]: '-900000x150',
  [imported('status_last_successful_time')]: '0x150',
};

withPromtool('alerts of Neotool', () => {
  test('all are silent while all is well', () => {
    expect(firing(spec, healthy, 120, [])).toContain('SUCCESS');
  });

  test.each<[string, string, Series]>([
    ['NeotoolAppDown', 'every pod of app is down', { [up('app')]: '0x150' }],
    ['NeotoolRouterDown', 'Apollo Router is down', { [up('router', 'neotool-web')]: '0x150' }],
    ['NeotoolErrorRate', 'one request in ten fails', { [answered('app', '500')]: '0+11x150' }],
    [
      'NeotoolErrorRate',
      'a canary fails at everything, though it has few requests',
      { [answered('app-canary', '500')]: '0+10x150' },
    ],
    [
      'NeotoolLatency',
      'one request in five takes over half a second, up to one and a half',
      { [took('app', '0.5')]: '0+80x150' },
    ],
    ['NeotoolRouterErrorRate', 'one GraphQL request in ten fails', { [routed('503')]: '0+11x150' }],
    ['NeotoolHeapFull', 'the heap is nearly full', { [heap('used', 'G1 Old Gen')]: '650x150' }],
    ['NeotoolPoolExhausted', 'requests wait for a connection', { [waiting]: '3x150' }],
    [
      'NeotoolImportOverdue',
      'the import failed this morning',
      { [imported('status_last_successful_time')]: '-90000x150' },
    ],
  ])('%s fires when %s', (alert, _, change) => {
    expect(firing(spec, { ...healthy, ...change }, 120, [alert])).toContain('SUCCESS');
  });

  test.each(serviceNames)('%s has an alert that fires when no pod of it is left to scrape', (name) => {
    const { [up(name)]: series, ...rest } = healthy;
    expect(series).toBeDefined();
    const alert = `Neotool${name[0]!.toUpperCase()}${name.slice(1)}Down`;
    expect(firing(spec, rest, 120, [alert])).toContain('SUCCESS');
  });
});
