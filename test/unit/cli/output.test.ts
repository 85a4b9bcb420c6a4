import { expect } from 'chai';
import { parse } from 'yaml';
import { ConfigurationError } from '../../../lib/config/configuration-error.ts';
import { Failure } from '../../../lib/cli/failure.ts';
import { createLog } from '../../../lib/cli/log.ts';
import { columns } from '../../../lib/cli/output/columns.ts';
import { document, formatDocument } from '../../../lib/cli/output/document.ts';
import { flagNames } from '../../../lib/cli/output/scheduler-flags.ts';
import { report } from '../../../lib/cli/report.ts';
import { recordingTerminal } from './recording-terminal.ts';

describe('columns', () => {
  it('are two spaces or more apart, without spaces at the ends', () => {
    const text = columns([
      ['NAME', 'PORT', 'ENDPOINTS'],
      ['kube-dns', '53', '2/2'],
      ['web', '', '0/0'],
      ['a', '80', ''],
    ]);
    expect(text).to.equal(
      'NAME      PORT  ENDPOINTS\nkube-dns  53    2/2\nweb             0/0\na         80\n',
    );
  });

  it('of no rows are no text', () => {
    expect(columns([])).to.equal('');
  });
});

describe('a document', () => {
  const value = document('ServiceList', { items: [{ name: 'web', port: 80 }], note: undefined });

  it('has an API version and a kind', () => {
    expect(JSON.parse(formatDocument(value, 'json'))).to.deep.equal({
      apiVersion: 'kube-ipvs.io/v1alpha1',
      kind: 'ServiceList',
      items: [{ name: 'web', port: 80 }],
    });
  });

  it('is the same in YAML', () => {
    expect(parse(formatDocument(value, 'yaml'))).to.deep.equal(JSON.parse(formatDocument(value, 'json')));
  });
});

describe('the flags of a scheduler', () => {
  it('are told as ipvsadm tells them', () => {
    expect(flagNames('sh', 0x8 | 0x10 | 0x20)).to.deep.equal(['sh-fallback', 'sh-port']);
    expect(flagNames('mh', 0x10 | 0x1)).to.deep.equal(['mh-port']);
    expect(flagNames('rr', 0x8 | 0x20)).to.deep.equal(['flag-1', 'flag-3']);
    expect(flagNames('rr', 0x1 | 0x4)).to.deep.equal([]);
  });
});

describe('a log', () => {
  it('writes lines of text to standard error', () => {
    const terminal = recordingTerminal();
    createLog({ loggingFormat: 'text', verbosity: 0 }, terminal).info({ services: 3, node: 'a b' }, 'Synced');
    expect(terminal.written.err).to.match(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}Synced services=3 node="a b"\n$/,
    );
    expect(terminal.written.out).to.equal('');
  });

  it('writes objects of JSON when asked to', () => {
    const terminal = recordingTerminal();
    createLog({ loggingFormat: 'json', verbosity: 0 }, terminal).warn({ err: new Error('no') }, 'Failed');
    const line = JSON.parse(terminal.written.err) as Record<string, unknown>;
    expect(line).to.include({ level: 'warn', msg: 'Failed' });
    expect(line['err']).to.include({ message: 'no' });
  });

  it('tells more from level 4 on, and all from 6 on', () => {
    const linesAt = (verbosity: number): number => {
      const terminal = recordingTerminal();
      const log = createLog({ loggingFormat: 'text', verbosity }, terminal);
      log.info({}, 'info');
      log.debug({}, 'debug');
      log.trace({}, 'trace');
      return terminal.written.err.split('\n').length - 1;
    };
    expect([0, 3, 4, 5, 6, 10].map(linesAt)).to.deep.equal([1, 1, 2, 2, 3, 3]);
  });
});

describe('a report of what went wrong', () => {
  it('is an error line and a hint line for each refused setting, and status 2', () => {
    const terminal = recordingTerminal();
    const problem = { expected: 'x', got: '"y"', hint: 'do z', severity: 'error' } as const;
    const error = new ConfigurationError([
      { where: '--a', ...problem },
      { where: '--b', ...problem },
    ]);
    expect(report(error, terminal)).to.equal(2);
    expect(terminal.written.err).to.equal(
      'error: --a: expected x, got "y"\nhint: do z\nerror: --b: expected x, got "y"\nhint: do z\n',
    );
  });

  it('is an error line and a hint line for a failure, and status 1', () => {
    const terminal = recordingTerminal();
    expect(report(new Failure('no-ipvs', 'no IPVS', 'modprobe ip_vs'), terminal)).to.equal(1);
    expect(terminal.written.err).to.equal('error: no IPVS\nhint: modprobe ip_vs\n');
  });

  it('shows where a fault of the program lies', () => {
    const terminal = recordingTerminal();
    expect(report(new TypeError('x is undefined'), terminal)).to.equal(1);
    expect(terminal.written.err).to.match(/^error: TypeError: x is undefined\n\s+at /);
    expect(terminal.written.err).to.contain('report it');
  });
});
