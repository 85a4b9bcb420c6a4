import { expect } from 'chai';
import { daemonTroubles } from '../../../../lib/cli/explanation/daemon-troubles.ts';
import type { DaemonStatus, ProgrammingStatus, RefusedStatus } from '../../../../lib/socket/status.ts';

const key = 'TCP 10.96.0.1:80';

const refused: RefusedStatus = {
  ...{ table: 'virtualServers', key, services: ['default/web'], code: 'ENOENT' },
  ...{ operation: 'add virtual server', reason: 'no scheduler mh', attempts: 3 },
  nextTry: '2026-01-01T00:00:00.000Z',
};

/** A daemon that tells of some troubles. */
function daemon(programming: Partial<ProgrammingStatus> | null): DaemonStatus {
  const none = { refused: [], conflicts: [], planFailures: [] };
  return {
    programming: programming === null ? null : { ...none, ...programming },
  } as unknown as DaemonStatus;
}

describe('what a running kube-ipvs tells of one Service', () => {
  const cases: readonly (readonly [
    title: string,
    status: DaemonStatus | undefined,
    told: readonly (readonly [severity: string, text: string])[],
  ])[] = [
    ['nothing where none runs', undefined, []],
    ['nothing where all is well', daemon({}), []],
    ['that it knows little yet', daemon(null), [['warning', 'has just started']]],
    [
      'what the kernel refuses, with how often it was tried',
      daemon({ refused: [refused, { ...refused, services: ['default/other'] }] }),
      [['error', `the kernel refuses to add virtual server ${key}: no scheduler mh`]],
    ],
    [
      'who else wants its virtual server',
      daemon({ conflicts: [{ key, winner: 'default/web', losers: ['default/late'] }] }),
      [['warning', 'is wanted by default/late too']],
    ],
    [
      'who has the virtual server that it wants',
      daemon({ conflicts: [{ key, winner: 'default/early', losers: ['default/web'] }] }),
      [['error', `${key} is served for default/early`]],
    ],
    [
      'why, without naming the entry once more',
      daemon({ refused: [{ ...refused, reason: `${key} on x: add virtual server: EPERM (no); do this` }] }),
      [['error', `the kernel refuses to add virtual server ${key}: EPERM (no); do this`]],
    ],
    [
      'nothing of conflicts of others',
      daemon({ conflicts: [{ key, winner: 'default/a', losers: ['default/b'] }] }),
      [],
    ],
    [
      'that it cannot be planned',
      daemon({ planFailures: [{ service: 'default/web', reason: 'no such range' }] }),
      [['error', 'it cannot be planned: no such range']],
    ],
  ];
  for (const [title, status, told] of cases) {
    it(`is ${title}`, () => {
      const findings = daemonTroubles('default/web', status, []);
      expect(findings).to.have.length(told.length);
      for (const [index, [severity, text]] of told.entries()) {
        expect(findings[index]?.severity).to.equal(severity);
        expect(findings[index]?.text).to.contain(text);
        expect(findings[index]?.hint).not.to.equal('');
      }
    });
  }

  it('is not once more who has its virtual server, where that is told already', () => {
    const lost = daemon({ conflicts: [{ key, winner: 'default/early', losers: ['default/web'] }] });
    const told = [{ got: `${key}, which Service default/early has (early.yaml:1)` }];
    expect(daemonTroubles('default/web', lost, told)).to.deep.equal([]);
    expect(daemonTroubles('default/web', lost, [{ got: 'TCP 10.96.0.1:8080, which' }])).to.have.length(1);
  });
});
