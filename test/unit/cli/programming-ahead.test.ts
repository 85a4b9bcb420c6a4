import { expect } from 'chai';
import type { Configuration } from '../../../lib/config/configuration.ts';
import type { Kernel } from '../../../lib/cli/kernel.ts';
import { programAhead } from '../../../lib/cli/programming-ahead.ts';
import { unknownNode, type ServiceSource } from '../../../lib/cli/service-source.ts';
import { recordingLog } from '../sources/kubernetes/scripted-api.ts';

/** Something that is not to be touched. */
const untouchable: unknown = new Proxy(
  {},
  {
    get: (_target, name) => {
      throw new Error(`expected it not to be used, got a use of ${String(name)}`);
    },
  },
);

describe('programAhead', () => {
  const recording = recordingLog();

  async function program(readAhead: ServiceSource['readAhead'], randomFully = Promise.resolve(true)) {
    recording.lines.length = 0;
    await programAhead({
      kernel: untouchable as Kernel,
      configuration: untouchable as Configuration,
      source: { readAhead, node: unknownNode, cluster: undefined },
      log: recording.log,
      randomFully,
    });
  }

  it('asks for the service of the API server', async () => {
    let asked: readonly string[] = [];
    await program((services) => {
      asked = services;
      return Promise.resolve([]);
    });
    expect(asked).to.deep.equal(['default/kubernetes']);
  });

  it('does nothing where the source gives nothing, and does not wait for the machine', async () => {
    await program(() => Promise.resolve([]), new Promise(() => undefined));
    expect(recording.lines).to.deep.equal([]);
  });

  it('fails in silence where the source cannot be read: the start tells of that', async () => {
    await program(() => Promise.reject(new Error('it cannot be read')));
    expect(recording.lines.map(({ level }) => level)).to.deep.equal([20]);
  });
});
