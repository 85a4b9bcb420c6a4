import { expect } from 'chai';
import { nearServices } from '../../../../lib/cli/explanation/near-services.ts';
import { readServiceArgument } from '../../../../lib/cli/explanation/service-argument.ts';
import { service, state } from '../../fixtures.ts';

describe('the name of a Service', () => {
  const states = [
    ['default', 'web'],
    ['default', 'web-admin'],
    ['prod', 'web'],
    ['default', 'database'],
  ].map(([namespace = '', name = '']) => state(service({ namespace, name })));

  const cases: readonly (readonly [namespace: string, name: string, near: readonly string[]])[] = [
    ['default', 'wbe', ['default/web', 'prod/web']],
    ['staging', 'web', ['default/web', 'prod/web', 'default/web-admin']],
    ['default', 'admin', ['default/web-admin']],
    ['default', 'databaze', ['default/database']],
    ['default', 'completely-different', []],
  ];
  for (const [namespace, name, near] of cases) {
    it(`is near to ${near.join(', ') || 'none'} where it is ${namespace}/${name}`, () => {
      expect(nearServices(namespace, name, states)).to.deep.equal(near);
    });
  }

  it('is read with its namespace', () => {
    expect(readServiceArgument('default/web')).to.deep.equal({ namespace: 'default', name: 'web' });
    expect(() => readServiceArgument('web')).to.throw('default/web');
    for (const text of ['', '/', 'a/b/c', 'default/web:80', '10.96.0.1:80']) {
      expect(() => readServiceArgument(text), text).to.throw('NAMESPACE/NAME');
    }
  });
});
