import { expect } from 'chai';
import { commandRunner } from '../../../lib/kernel/command.ts';

describe('a command', () => {
  const run = commandRunner();

  it('is given its input and gives its output and status', async () => {
    expect(await run('sh', ['-c', 'cat; echo bad >&2; exit 3'], 'in')).to.deep.equal({
      status: 3,
      stdout: 'in',
      stderr: 'bad\n',
    });
  });

  it('that does not exist has status 127', async () => {
    expect((await run('does-not-exist-anywhere', [])).status).to.equal(127);
  });

  it('that may not be run has status 126', async () => {
    expect((await run('/etc/passwd', [])).status).to.equal(126);
  });

  it('that ends without reading its input is judged by its status', async () => {
    expect((await run('true', [], 'x'.repeat(1 << 20))).status).to.equal(0);
  });

  it('that does not end in time is killed and has status 124', async () => {
    expect((await commandRunner(50)('sleep', ['60'])).status).to.equal(124);
  });

  it('that a signal ends has status 128', async () => {
    expect((await run('sh', ['-c', 'kill -TERM $$'])).status).to.equal(128);
  });
});
