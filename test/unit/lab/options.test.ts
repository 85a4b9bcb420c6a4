import { expect } from 'chai';
import { UsageError, parseOptions } from '../../lab/options.ts';

describe("the lab launcher's options", () => {
  it('hand the command on as it stands, its own dashes included', () => {
    const command = ['mocha', '--timeout', '5', '--', 'a b', '$x "q"', "it's", '', '--in'];
    expect(parseOptions(['--', ...command]).command).to.deep.equal(command);
  });

  it('have defaults', () => {
    expect(parseOptions(['--', 'true'])).to.deep.equal({
      way: 'auto',
      memory: '2G',
      timeout: 900,
      interactive: false,
      writable: [],
      environment: [],
      tap: undefined,
      processor: undefined,
      command: ['true'],
    });
  });

  it('can all be given', () => {
    const line =
      '--in uml --mem 512M --timeout 5 --write a --write b --env A=1 --env B= --processor 3 --interactive -- true';
    expect(parseOptions(line.split(' '))).to.deep.equal({
      way: 'uml',
      memory: '512M',
      timeout: 5,
      interactive: true,
      writable: ['a', 'b'],
      environment: ['A=1', 'B='],
      tap: undefined,
      processor: 3,
      command: ['true'],
    });
  });

  for (const [line, message] of [
    ['', /expected `-- COMMAND`/],
    ['true', /expected `-- COMMAND`/],
    ['--', /expected `-- COMMAND`/],
    ['true -- true', /Unexpected argument 'true'/],
    ['--what -- true', /--what/],
    ['--in kvm -- true', /--in: expected uml, namespaces, auto, got "kvm"/],
    ['--mem 2 -- true', /--mem: expected a size like 2G or 512M, got "2"/],
    ['--timeout 0 -- true', /--timeout: expected seconds, got "0"/],
    ['--timeout 1s -- true', /--timeout: expected seconds, got "1s"/],
    ['--env A -- true', /--env: expected NAME=VALUE, got "A"/],
    ['--processor x -- true', /--processor: expected a processor's number, got "x"/],
    ['--tap lab0 -- true', /--tap: expected the name of a device and --in uml, got "lab0" and --in auto/],
  ] as const) {
    it(`refuse \`${line}\` and say why`, () => {
      expect(() => parseOptions(line === '' ? [] : line.split(' '))).to.throw(UsageError, message);
    });
  }
});
