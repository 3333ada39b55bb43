import { describe, expect, test } from '@jest/globals';
import { NotifiService } from '../../constructs/notifi-service.ts';
import { NotifiWorker } from '../../constructs/notifi-worker.ts';
import { render } from './render.ts';

const image = 'registry.test/sms:1.0.0';
const scale = { max: 3, concurrency: 10 };

describe('NotifiWorker', () => {
  const { find } = render((chart) => {
    const templates = new NotifiService(chart, 'templates', { image, size: 'small' });
    const sms = new NotifiWorker(chart, 'sms', { image, size: 'small', scale, metrics: 9464, calls: [templates] });
    new NotifiService(chart, 'engine', { image, size: 'small', calls: [sms] });
  });

  test("has Kestrel's endpoints, the addresses of whom it calls, and the image's user", () => {
    expect(find('ConfigMap', 'sms').data).toMatchObject({
      ASPNETCORE_ENVIRONMENT: 'Production',
      Kestrel__Endpoints__http__Url: 'http://+:8080',
      Kestrel__Endpoints__metrics__Url: 'http://+:9464',
      services__templates__http__0: 'http://templates.shop.svc',
    });
    const [{ securityContext }] = find('Service', 'sms').spec.template.spec.containers;
    expect(securityContext.runAsUser).toBe(1654);
  });

  test('is found by those who call it', () => {
    expect(find('ConfigMap', 'engine').data).toMatchObject({ services__sms__http__0: 'http://sms.shop.svc' });
  });

  test('takes what it is told in place of a convention', () => {
    const own = render((chart) => {
      new NotifiWorker(chart, 'sms', { image, size: 'small', scale, env: { ASPNETCORE_ENVIRONMENT: 'Staging' } });
    });
    expect(own.find('ConfigMap', 'sms').data).toMatchObject({ ASPNETCORE_ENVIRONMENT: 'Staging' });
    expect(own.find('ConfigMap', 'sms').data).not.toHaveProperty('Kestrel__Endpoints__metrics__Url');
  });
});
