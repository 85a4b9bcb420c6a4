import { expect } from 'chai';
import fc from 'fast-check';
import { type Labels, parseLabelSelector } from '../../../lib/model/label-selector.ts';
import { parseLabelSelector as readByServer } from '../../kube/selectors.ts';

/** Whether a selector that can be read chooses these labels. */
function chooses(text: string, labels: Labels): boolean {
  const read = parseLabelSelector(text);
  if ('wrong' in read) throw new Error(`expected a selector, got ${read.wrong}`);
  return read.selector(labels);
}

describe('parseLabelSelector', () => {
  const web = { app: 'web', 'example.com/tier': 'front', empty: '' };
  const cases: readonly (readonly [text: string, chosen: boolean])[] = [
    ['', true],
    ['app', true],
    ['!app', false],
    ['! app', false],
    ['other', false],
    ['!other', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=api', false],
    ['app!=web', false],
    ['other!=web', true],
    ['empty=', true],
    ['other=', false],
    ['app in (api, web)', true],
    ['app notin (api,web)', false],
    ['other notin (web)', true],
    ['example.com/tier=front,app', true],
    ['app in (web, api) , example.com/tier!=front', false],
    ['toString', false],
    ['toString!=a', true],
  ];
  for (const [text, chosen] of cases) {
    it(`"${text}" ${chosen ? 'chooses' : 'leaves out'} a Service`, () => {
      expect(chooses(text, web)).to.equal(chosen);
    });
  }

  for (const [text, wrong] of [
    ['app=web,=x', '=x'],
    ['app=a b', 'app=a b'],
    ['app in web', 'app in web'],
    ['app in (web', 'app in (web'],
    ['app,', ''],
    ['-app', '-app'],
    ['app in ()x', 'app in ()x'],
  ]) {
    it(`does not take "${text}" for one`, () => {
      expect(parseLabelSelector(text ?? '')).to.deep.equal({ wrong });
    });
  }

  it('chooses as an API server does', () => {
    const name = fc.constantFrom('app', 'tier', 'example.com/tier');
    const value = fc.constantFrom('web', 'api', 'a.b_c', '');
    const requirement = fc.oneof(
      name,
      name.map((one) => `!${one}`),
      fc.tuple(name, fc.constantFrom('=', '==', '!='), value).map((parts) => parts.join('')),
      fc
        .tuple(name, fc.constantFrom('in', 'notin'), fc.array(value, { minLength: 1, maxLength: 3 }))
        .map(([one, operator, values]) => `${one} ${operator} (${values.join(', ')})`),
    );
    const selectors = fc.array(requirement, { maxLength: 3 }).map((all) => all.join(','));
    fc.assert(
      fc.property(selectors, fc.dictionary(name, value), (text, labels) => {
        const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', labels } };
        expect(chooses(text, labels)).to.equal(readByServer(text)(object));
      }),
    );
  });
});
