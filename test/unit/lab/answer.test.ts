import { expect } from 'chai';
import { askArguments, parseAnswer, tally } from '../../lab/answer.ts';

const reply =
  '{"ok":true,"name":"web-1","peer":"10.244.0.1","peerPort":40312,"local":"10.244.0.2","localPort":80,"ms":0.8}';

describe("the lab's answers", () => {
  it('are read from what the agent prints', () => {
    expect(parseAnswer(reply)).to.deep.equal({
      ok: true,
      name: 'web-1',
      peer: '10.244.0.1',
      peerPort: 40312,
      local: '10.244.0.2',
      localPort: 80,
      ms: 0.8,
    });
    expect(parseAnswer('{"ok":false,"error":"refused","ms":0.3}')).to.deep.equal({
      ok: false,
      error: 'refused',
      ms: 0.3,
    });
  });

  it('have no name where a foreign HTTP server gave them', () => {
    expect(parseAnswer('{"ok":true,"status":503,"body":"{}","ms":1}')).to.deep.include({
      name: '',
      status: 503,
      body: '{}',
    });
  });

  it('are counted by name, by peer and by error, in alphabetical order', () => {
    const other = reply.replaceAll('web-1', 'a-web').replace('"10.244.0.1"', '"10.1.1.1"');
    const lines = [reply, '{"ok":false,"error":"timeout","ms":9}', other, reply];
    const { byName, byPeer, errors } = tally(lines.map(parseAnswer));
    expect([...byName]).to.deep.equal([
      ['a-web', 1],
      ['web-1', 2],
    ]);
    expect([...byPeer]).to.deep.equal([
      ['10.1.1.1', 1],
      ['10.244.0.1', 2],
    ]);
    expect([...errors]).to.deep.equal([['timeout', 1]]);
  });

  it('are asked for with only the options that are given', () => {
    expect(askArguments('10.0.0.1', 80, {})).to.deep.equal(['10.0.0.1', '80']);
    expect(
      askArguments('fd00::1', 53, { protocol: 'udp', count: 3, sourcePort: 5, timeout: 100 }),
    ).to.deep.equal([
      '--proto',
      'udp',
      '--count',
      '3',
      '--timeout',
      '100',
      '--source-port',
      '5',
      'fd00::1',
      '53',
    ]);
  });
});
