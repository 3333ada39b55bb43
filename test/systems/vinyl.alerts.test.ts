import { expect, test } from '@jest/globals';
import vinyl from '../../charts/environments/vinyl.ts';
import { rendered } from './environment.ts';
import { firing, type Series, withPromtool } from './promtool.ts';

const live = rendered(vinyl);
const namespace = 'vinylvault-production';
const { spec } = live.find('PrometheusRule', namespace, 'alerts');
const store = live.find('PrometheusRule', namespace, 'mongodb-registry').spec;

const restarts = (of: string) =>
  `kube_pod_container_status_restarts_total{namespace="${of}",pod="bff-1",container="bff"}`;
const memory = (of: string, container = 'bff') =>
  `container_memory_working_set_bytes{namespace="${of}",pod="bff-1",container="${container}"}`;
const limit = (of: string) =>
  `kube_pod_container_resource_limits{namespace="${of}",pod="bff-1",container="bff",resource="memory"}`;
const available = (name: string) =>
  `kube_deployment_status_replicas_available{namespace="${namespace}",deployment="${name}"}`;

/** A stage that runs well; each case below changes one thing. */
const healthy: Series = {
  [restarts(namespace)]: '1x60',
  [memory(namespace)]: '400x60',
  // cAdvisor counts the whole pod too, without a container's name.
  [memory(namespace, '')]: '5000x60',
  [limit(namespace)]: '512x60',
  [available('bff')]: '2x60',
  [available('backend')]: '2x60',
};

const member = (n: number) => `pod="mongodb-registry-${n}"`;
const of = `namespace="${namespace}",job="mongodb-registry"`;
const backup = (metric: string) => `kube_cronjob_${metric}{namespace="${namespace}",cronjob="mongodb-registry-backup"}`;
const set: Series = {
  ...Object.fromEntries([0, 1, 2].map((n) => [`up{${of},${member(n)}}`, '1x60'])),
  ...Object.fromEntries([0, 1, 2].map((n) => [`mongodb_up{${of},${member(n)}}`, '1x60'])),
  [`mongodb_mongod_replset_my_state{${of},${member(0)}}`]: '1x60',
  [`mongodb_mongod_replset_my_state{${of},${member(1)}}`]: '2x60',
  [`mongodb_mongod_replset_my_state{${of},${member(2)}}`]: '2x60',
  [backup('created')]: '0x60',
  [backup('status_last_successful_time')]: '0x60',
};

withPromtool('alerts of a stage', () => {
  test('all are silent while all is well, and say nothing of the other stage', () => {
    expect(firing(spec, healthy, 40, [])).toContain('SUCCESS');
    const other = {
      [restarts('vinylvault-staging')]: '0+1x60',
      [memory('vinylvault-staging')]: '512x60',
      [limit('vinylvault-staging')]: '512x60',
    };
    expect(firing(spec, { ...healthy, ...other }, 40, [])).toContain('SUCCESS');
  });

  test.each<[string, Series]>([
    ['PodRestarting', { [restarts(namespace)]: '0x30 0+1x30' }],
    ['MemoryNearLimit', { [memory(namespace)]: '480x60' }],
    ['DeploymentWithoutPods', { [available('bff')]: '2x10 0x50' }],
  ])('%s', (alert, changes) => {
    expect(firing(spec, { ...healthy, ...changes }, 40, [alert])).toContain('SUCCESS');
  });

  test('one restart is a release, or an accident', () => {
    expect(firing(spec, { ...healthy, [restarts(namespace)]: '0x30 1x30' }, 40, [])).toContain('SUCCESS');
  });
});

withPromtool('alerts of a set', () => {
  test('are silent while all is well', () => {
    expect(firing(store, set, 40, [])).toContain('SUCCESS');
  });

  test.each<[string, Series, readonly string[]]>([
    ['a lost member', { [`up{${of},${member(2)}}`]: '1x10 0x50' }, ['StoreMemberDown']],
    ['no primary', { [`mongodb_mongod_replset_my_state{${of},${member(0)}}`]: '1x10 2x50' }, ['MongodbPrimaryMissing']],
    ['a server that takes no connections', { [`mongodb_up{${of},${member(1)}}`]: '1x10 0x50' }, ['MongodbDown']],
  ])('%s', (_, changes, alerts) => {
    expect(firing(store, { ...set, ...changes }, 40, alerts)).toContain('SUCCESS');
  });

  test('no backup for more than a night', () => {
    const minutes = 26 * 60;
    const long = Object.fromEntries(Object.keys(set).map((name) => [name, set[name]!.replace('x60', `x${minutes}`)]));
    expect(firing(store, long, minutes, ['DatabaseBackupOverdue'], '5m')).toContain('SUCCESS');
  });
});
