import { expect } from 'chai';
import { type BatchRules, type Verb, writeInBatches } from '../../../lib/kernel/batch-write.ts';
import { type Change, TableError } from '../../../lib/kernel/table.ts';
import type { Keyed } from '../../../lib/model/keyed.ts';
import { invalidArgument, NetlinkError } from '../../../native-bindings/error.ts';

/** What the kernel says to a verb on a key; `undefined` for yes. */
type Kernel = (verb: Verb, key: string) => string | undefined;

interface Log {
  readonly batches: string[][];
  readonly rules: BatchRules<Keyed>;
}

function table(kernel: Kernel, correct: BatchRules<Keyed>['correct'] = () => undefined): Log {
  const batches: string[][] = [];
  const begin: BatchRules<Keyed>['begin'] = () => {
    const sent: [Verb, string][] = [];
    return {
      add(verb, { key }) {
        if (key === 'unfit') throw invalidArgument('expected a port, got none');
        sent.push([verb, key]);
      },
      run() {
        const commands = sent.splice(0);
        batches.push(commands.map(([verb, key]) => `${verb} ${key}`));
        return commands.map(([verb, key]) => {
          const code = kernel(verb, key);
          return code === undefined ? undefined : new NetlinkError({ code, operation: `${verb} thing` });
        });
      },
    };
  };
  const explain: BatchRules<Keyed>['explain'] = (verb, { key }, { code }) => `${verb} ${key}: ${code}`;
  return { batches, rules: { table: 'things', begin, correct, explain } };
}

const create = (key: string): Change<Keyed> => ({ key, before: undefined, after: { key } });
const change = (key: string): Change<Keyed> => ({ key, before: { key }, after: { key } });
const remove = (key: string): Change<Keyed> => ({ key, before: { key }, after: undefined });

async function rejection(promise: Promise<unknown>): Promise<TableError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(TableError);
  return error as TableError;
}

describe('writing in batches', () => {
  it('sends each change as the verb that it needs', async () => {
    const { batches, rules } = table(() => undefined);
    const nothing = { key: 'd', before: undefined, after: undefined };
    expect(await writeInBatches([create('a'), change('b'), remove('c'), nothing], rules)).to.have.property(
      'size',
      0,
    );
    expect(batches).to.deep.equal([['create a', 'change b', 'delete c']]);
  });

  it('sends nothing for no changes', async () => {
    const { batches, rules } = table(() => undefined);
    await writeInBatches([], rules);
    expect(batches).to.deep.equal([]);
  });

  it('reports a refused key with the explanation and goes on', async () => {
    const { rules } = table((_verb, key) => (key === 'b' ? 'EINVAL' : undefined));
    const refusals = await writeInBatches([create('a'), create('b'), create('c')], rules);
    expect([...refusals]).to.deep.equal([
      ['b', { code: 'EINVAL', operation: 'create thing', message: 'create b: EINVAL' }],
    ]);
  });

  it('reports what cannot be encoded and sends the rest', async () => {
    const { batches, rules } = table((_verb, key) => (key === 'c' ? 'EINVAL' : undefined));
    const refusals = await writeInBatches([create('a'), create('unfit'), create('c')], rules);
    expect([...refusals].map(([key, { code }]) => [key, code])).to.deep.equal([
      ['unfit', 'invalid-argument'],
      ['c', 'EINVAL'],
    ]);
    expect(batches).to.deep.equal([['create a', 'create c']]);
  });

  it('tries the corrected verb, of those keys alone', async () => {
    const { batches, rules } = table(
      (verb, key) => (verb === 'create' && key === 'b' ? 'EEXIST' : undefined),
      (verb) => (verb === 'create' ? 'change' : undefined),
    );
    expect((await writeInBatches([create('a'), create('b')], rules)).size).to.equal(0);
    expect(batches).to.deep.equal([['create a', 'create b'], ['change b']]);
  });

  it('takes for done what is so already', async () => {
    const { rules } = table(
      () => 'ENOENT',
      () => 'done',
    );
    expect((await writeInBatches([remove('a')], rules)).size).to.equal(0);
  });

  it('gives a key up that someone keeps changing', async () => {
    const { batches, rules } = table(
      (verb) => (verb === 'create' ? 'EEXIST' : 'ENOENT'),
      (verb) => (verb === 'create' ? 'change' : 'create'),
    );
    expect([...(await writeInBatches([create('a')], rules)).keys()]).to.deep.equal(['a']);
    expect(batches).to.deep.equal([['create a'], ['change a'], ['create a']]);
  });

  it('splits a large batch and lets the event loop turn in between', async () => {
    const { batches, rules } = table(() => undefined);
    let turned = 0;
    setImmediate(() => (turned = batches.length));
    await writeInBatches(
      Array.from({ length: 600 }, (_, index) => create(`k${index}`)),
      rules,
    );
    expect(batches.map((batch) => batch.length)).to.deep.equal([256, 256, 88]);
    expect(turned).to.equal(1);
  });

  it('rejects where nothing may be written', async () => {
    const { rules } = table(() => 'EPERM');
    const error = await rejection(writeInBatches([create('a')], rules));
    expect(error).to.include({ table: 'things', code: 'EPERM' });
    expect(error.message).to.include('CAP_NET_ADMIN');
  });

  it('rejects where the outcome is not known, with the cause', async () => {
    const { rules } = table(() => {
      throw new NetlinkError({ code: 'overrun', operation: 'create thing' });
    });
    const error = await rejection(writeInBatches([create('a')], rules));
    expect(error).to.include({ table: 'things', code: 'overrun' });
    expect(error.cause).to.be.instanceOf(NetlinkError);
  });
});
