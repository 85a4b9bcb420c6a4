import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { type ManifestFile, readManifest } from '../../../../lib/sources/manifests/manifest-file.ts';
import { ManifestSet } from '../../../../lib/sources/manifests/manifest-set.ts';

const settleTime = 1000;
const second = 1000;

const read = (text: string, name = 'a.yaml'): Promise<ManifestFile> =>
  readManifest(name, text, { pause: () => Promise.resolve() });

const service = (name: string, port = 80): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec:\n  clusterIP: 10.0.0.1\n  ports:\n  - port: ${port}\n`;

/** What is in force, as `name:port`. */
function inForce(set: ManifestSet): string[] {
  return [...set.accepted()].map(
    ({ key, service }) => `${key.slice('default/'.length)}:${service?.ports[0]?.port ?? ''}`,
  );
}

/** A set with one file that has been in force since time 0. */
async function settled(text: string): Promise<ManifestSet> {
  const set = new ManifestSet(settleTime);
  set.update('a.yaml', await read(text), -settleTime);
  set.settle(0);
  expect(set.settlesAt).to.equal(undefined);
  return set;
}

describe('ManifestSet', () => {
  it('brings complete objects into force at once and the last one when the file stands still', async () => {
    const set = new ManifestSet(settleTime);
    set.update('a.yaml', await read(`${service('one')}---\n${service('two')}`), 0);
    expect(inForce(set)).to.deep.equal(['one:80']);
    set.settle(settleTime - 1);
    expect(inForce(set)).to.deep.equal(['one:80']);
    expect(set.settlesAt).to.equal(settleTime);
    set.settle(settleTime);
    expect(inForce(set)).to.deep.equal(['one:80', 'two:80']);
    expect(set.settlesAt).to.equal(undefined);
  });

  it('withdraws what is no longer in a file once it stands still', async () => {
    const set = await settled(`${service('one')}---\n${service('two')}`);
    set.update('a.yaml', await read(service('one')), second);
    set.settle(1.5 * second);
    expect(inForce(set)).to.deep.equal(['one:80', 'two:80']);
    set.settle(2 * second);
    expect(inForce(set)).to.deep.equal(['one:80']);
  });

  it('withdraws a removed file after the settle time, but not when it comes back before', async () => {
    const set = await settled(service('one'));
    set.remove('a.yaml', second);
    set.remove('a.yaml', 1.5 * second);
    set.settle(1.9 * second);
    expect(inForce(set)).to.deep.equal(['one:80']);
    set.update('a.yaml', await read(service('one', 81)), 1.9 * second);
    set.settle(2.9 * second);
    expect(inForce(set)).to.deep.equal(['one:81']);
    set.remove('a.yaml', 3 * second);
    set.settle(4 * second);
    expect(inForce(set)).to.deep.equal([]);
    expect(set.files).to.deep.equal([]);
  });

  it('keeps the last good version of an object that became invalid, and tells why', async () => {
    const set = await settled(`${service('one')}---\n${service('two')}`);
    set.update('a.yaml', await read(`${service('one', 0)}---\n${service('two', 81)}`), 0);
    set.settle(settleTime);
    expect(inForce(set)).to.deep.equal(['one:80', 'two:81']);
    expect(set.problems().map(({ object }) => object)).to.deep.equal(['Service default/one']);
    expect(set.mentioned()).to.deep.equal(new Set(['Service default/one', 'Service default/two']));
  });

  it('withdraws nothing from a file while anything in it cannot be read', async () => {
    const damages = [
      '',
      `${service('two')}---\n{`,
      `${service('two')}---\nkind: Service\n`,
      service('two', 0),
    ];
    for (const damage of damages) {
      const set = await settled(`${service('one')}---\n${service('two')}`);
      set.update('a.yaml', await read(damage), 0);
      set.settle(settleTime);
      expect(inForce(set), JSON.stringify(damage)).to.deep.equal(['one:80', 'two:80']);
      expect(set.problems()).to.have.length(1);
    }
  });

  it('withdraws everything from a file that only comments are left in', async () => {
    const set = await settled(service('one'));
    set.update('a.yaml', await read('# nothing any more\n'), 0);
    set.settle(settleTime);
    expect(inForce(set)).to.deep.equal([]);
    expect(set.problems()).to.deep.equal([]);
  });

  it('keeps what is in force of a file that cannot be read', async () => {
    const set = await settled(service('one'));
    const problem = { where: 'a.yaml', expected: 'x', got: 'y', hint: 'z', severity: 'error' } as const;
    set.fail('a.yaml', problem, 0);
    set.settle(settleTime);
    expect(inForce(set)).to.deep.equal(['one:80']);
    expect(set.problems()).to.deep.equal([problem]);
  });

  it('withdraws a service that became headless', async () => {
    const set = await settled(service('one'));
    set.update('a.yaml', await read(service('one').replace('10.0.0.1', 'None')), 0);
    set.settle(settleTime);
    expect(inForce(set)).to.deep.equal(['one:']);
  });

  it('brings a file that never stands still into force, but withdraws nothing on its account', async () => {
    const set = await settled(`${service('one')}---\n${service('two')}`);
    for (let half = 0; half < 20; half++) {
      set.settle((half * second) / 2);
      set.update('a.yaml', await read(service('one', 100 + half)), (half * second) / 2);
    }
    expect(inForce(set)).to.deep.equal(['one:80', 'two:80']);
    set.settle(10 * second);
    expect(inForce(set)).to.deep.equal(['one:119', 'two:80']);
  });

  it('lists objects in the order of the names of their files', async () => {
    const set = new ManifestSet(settleTime);
    for (const file of ['b.yaml', 'c.yaml', 'a.yaml']) {
      set.update(file, await read(service(file[0] ?? ''), file), 0);
    }
    set.settle(settleTime);
    expect(inForce(set)).to.deep.equal(['a:80', 'b:80', 'c:80']);
  });

  describe('while a file is written anew from its beginning', () => {
    const texts = ['03-no-selector.yaml', '06-loadbalancer.yaml', '08-dualstack.yaml'].map((file) =>
      readFileSync(join(import.meta.dirname, '../../../fixtures/scenarios', file)),
    );

    /** The objects in force with everything that they hold. */
    const contents = (set: ManifestSet): unknown[] =>
      [...set.accepted()].map(({ id, service, slice, endpoints }) => ({ id, service, slice, endpoints }));

    for (const [index, bytes] of texts.entries()) {
      it(`changes nothing, wherever the writer has got to (${index + 1})`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), async (length) => {
            const set = await settled(bytes.toString());
            const before = contents(set);
            set.update('a.yaml', await read(bytes.subarray(0, length).toString()), 0);
            set.settle(settleTime - 1);
            expect(contents(set)).to.deep.equal(before);
            set.update('a.yaml', await read(bytes.toString()), settleTime - 1);
            set.settle(3 * settleTime);
            expect(contents(set)).to.deep.equal(before);
            expect(set.problems()).to.deep.equal([]);
          }),
          { numRuns: 150 },
        );
      });
    }

    it('keeps every object even of a writer who never comes back, wherever the rest does not read', async () => {
      const [bytes = Buffer.alloc(0)] = texts;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), async (length) => {
          const half = await read(bytes.subarray(0, length).toString());
          fc.pre(half.damaged);
          const set = await settled(bytes.toString());
          const before = [...set.accepted()].map(({ id }) => id);
          set.update('a.yaml', half, 0);
          set.settle(settleTime);
          expect([...set.accepted()].map(({ id }) => id)).to.deep.equal(before);
        }),
        { numRuns: 150 },
      );
    });
  });
});
