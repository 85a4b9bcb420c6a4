import { expect } from 'chai';
import type { ServiceState } from '../../../../lib/model/service-state.ts';
import type { ApiRequest, ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { accessRuleFor } from '../../../../lib/sources/kubernetes/access-rules.ts';
import { readServiceAhead } from '../../../../lib/sources/kubernetes/service-ahead.ts';
import { Answer, failure, ManualClock, page } from './scripted-api.ts';

const service = {
  metadata: { namespace: 'default', name: 'kubernetes' },
  spec: { clusterIP: '10.0.0.1', ports: [{ port: 443 }] },
};

const slice = (name: string, ...addresses: string[]): object => ({
  metadata: {
    namespace: 'default',
    name,
    labels: { 'kubernetes.io/service-name': 'kubernetes' },
  },
  addressType: 'IPv4',
  ports: [{ port: 6443 }],
  endpoints: addresses.map((address) => ({ addresses: [address] })),
});

describe('readServiceAhead', () => {
  let requests: ApiRequest[];
  let services: ApiResponse;
  let slices: ApiResponse;
  let stopping: AbortController;
  let clock: ManualClock;

  beforeEach(() => {
    requests = [];
    services = page(1, [service]);
    slices = page(1, [slice('b', '192.168.0.2'), slice('a', '192.168.0.1')]);
    stopping = new AbortController();
    clock = new ManualClock();
  });

  function read(): Promise<ServiceState | undefined> {
    const request = (asked: ApiRequest): Promise<ApiResponse> => {
      requests.push(asked);
      return Promise.resolve(asked.path.endsWith('/services') ? services : slices);
    };
    const options = { api: { request }, clock, signal: stopping.signal };
    return readServiceAhead({ ...options, service: 'default/kubernetes' });
  }

  const thrown = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('gives the service with its slices by name', async () => {
    const state = await read();
    expect(state?.service.clusterIPs).to.deep.equal(['10.0.0.1']);
    expect(state?.slices.map(({ name }) => name)).to.deep.equal(['a', 'b']);
  });

  it('asks for nothing but these, by lists, which are allowed to whoever lists all', async () => {
    await read();
    const selector = '!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless';
    expect(requests.map(({ path, query }) => [path, query])).to.deep.equal([
      [
        '/api/v1/namespaces/default/services',
        {
          resourceVersion: '0',
          labelSelector: selector,
          fieldSelector: 'metadata.name=kubernetes',
          limit: '500',
        },
      ],
      [
        '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
        {
          resourceVersion: '0',
          labelSelector: `${selector},kubernetes.io/service-name=kubernetes`,
          limit: '500',
        },
      ],
    ]);
    expect(accessRuleFor('list', '', 'services')).not.to.equal(undefined);
    expect(accessRuleFor('list', 'discovery.k8s.io', 'endpointslices')).not.to.equal(undefined);
  });

  it('gives nothing where there is no such service', async () => {
    services = page(1, []);
    expect(await read()).to.equal(undefined);
  });

  it('gives nothing where the service is wrong', async () => {
    services = page(1, [{ ...service, spec: { clusterIP: 'ten', ports: [{ port: 443 }] } }]);
    expect(await read()).to.equal(undefined);
  });

  it('gives nothing where one slice is wrong, so that it never serves with a part of its endpoints', async () => {
    slices = page(1, [slice('a', '192.168.0.1'), slice('b', '127.0.0.1')]);
    expect(await read()).to.equal(undefined);
  });

  it('rejects where the server refuses', async () => {
    slices = failure(403);
    expect(await thrown(read())).to.include({ name: 'Trouble', code: 'forbidden' });
  });

  it('rejects where an answer stands still', async () => {
    slices = new Answer().text('{"items":');
    const error = thrown(read());
    await clock.advance(10_000);
    expect(await error).to.include({ name: 'Trouble', code: 'silent' });
  });
});
