import { expect } from 'chai';
import { apiServerOf } from '../../../lib/config/process-input.ts';

describe('apiServerOf', () => {
  const cases: readonly (readonly [string | undefined, string | undefined, string | undefined])[] = [
    [undefined, '443', undefined],
    ['10.96.0.1', '443', 'https://10.96.0.1:443'],
    ['api.example', '6443', 'https://api.example:6443'],
    ['fd00::1', '6443', 'https://[fd00::1]:6443'],
    ['[fd00::1]', undefined, 'https://[fd00::1]:443'],
  ];
  for (const [host, port, server] of cases) {
    it(`makes ${server ?? 'nothing'} of the host ${host ?? 'undefined'} and the port ${port ?? 'undefined'}`, () => {
      expect(apiServerOf(host, port)).to.equal(server);
    });
  }
});
