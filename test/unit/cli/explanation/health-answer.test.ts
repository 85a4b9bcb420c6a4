import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { healthAnswer } from '../../../../lib/cli/explanation/health-answer.ts';

describe('what a health check port answers', () => {
  it('is the status of HTTP, and nothing where nobody listens', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(503).end('{"localEndpoints":0}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      expect(await healthAnswer('127.0.0.1', port)).to.equal(503);
    } finally {
      server.close();
      await once(server, 'close');
    }
    expect(await healthAnswer('127.0.0.1', port)).to.equal(null);
  });
});
