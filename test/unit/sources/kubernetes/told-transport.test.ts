import { Readable } from 'node:stream';
import { expect } from 'chai';
import { ApiError, type ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import type { Access } from '../../../../lib/sources/kubernetes/credentials.ts';
import { type ToldRequest, ToldTransport } from '../../../../lib/sources/kubernetes/told-transport.ts';

const access: Access = {
  server: new URL('https://api.example:6443/prefix'),
  proxy: undefined,
  tls: { ca: undefined, cert: undefined, key: undefined, servername: undefined },
  headers: {},
};
const request = { path: '/api/v1/services', signal: new AbortController().signal };

function transport(answer: () => Promise<ApiResponse>): {
  readonly told: ToldRequest[];
  readonly transport: ToldTransport;
} {
  const told: ToldRequest[] = [];
  return { told, transport: new ToldTransport({ send: answer }, (each) => told.push(each)) };
}

describe('a transport that tells of its requests', () => {
  it('hands the answer on as it came, and tells its status, method and host', async () => {
    const response: ApiResponse = { status: 410, retryAfter: 0, body: Readable.from([]) };
    const { told, transport: through } = transport(() => Promise.resolve(response));
    expect(await through.send(access, { ...request, method: 'PATCH' })).to.equal(response);
    await through.send(access, request);
    expect(told.map(({ method, host, status }) => [method, host, status])).to.deep.equal([
      ['PATCH', 'api.example:6443', 410],
      ['GET', 'api.example:6443', 410],
    ]);
    for (const { milliseconds } of told) expect(milliseconds).to.be.within(0, 60_000);
  });

  it('hands a failure on, and tells that there was no status', async () => {
    const failure = new ApiError('unreachable', 'expected an answer, got none');
    const { told, transport: through } = transport(() => Promise.reject(failure));
    const error: unknown = await through.send(access, request).catch((reason: unknown) => reason);
    expect(error).to.equal(failure);
    expect(told.map(({ status }) => status)).to.deep.equal([undefined]);
  });
});
