import { expect } from 'chai';
import { ReportedError } from '../../../../lib/sources/kubernetes/reporting-api.ts';
import { describeTrouble, TroubleReport } from '../../../../lib/sources/kubernetes/trouble-report.ts';
import { Trouble } from '../../../../lib/sources/kubernetes/trouble.ts';
import { recordingLog } from './scripted-api.ts';

describe('TroubleReport', () => {
  let report: TroubleReport;
  let lines: { level: number; msg: string }[];
  const told = (): string[] => lines.filter(({ level }) => level >= 30).map(({ msg }) => msg);

  beforeEach(() => {
    const recording = recordingLog();
    lines = recording.lines;
    report = new TroubleReport(recording.log, 'Services');
  });

  it('knows of a silence that has been told already, until the server lets a watch begin, and does not tell it', () => {
    report.tell(describeTrouble(new ReportedError(new Error('got ECONNREFUSED')), 'Services'));
    expect(report.current).to.equal('Services cannot be read: got ECONNREFUSED; it is tried again');
    report.opened();
    expect(report.current).to.equal(undefined);
    expect(told()).to.deep.equal([]);
  });

  it('tells of a trouble once, of another one, and that it is over', () => {
    report.tell(new Trouble('forbidden', 'expected Services, got 403'));
    report.tell(new Trouble('forbidden', 'expected Services, got 403'));
    report.tell(new Trouble('server', 'expected Services, got 500'));
    report.opened();
    report.opened();
    expect(told()).to.deep.equal([
      'expected Services, got 403',
      'expected Services, got 500',
      'Services are read again',
    ]);
    expect(report.current).to.equal(undefined);
  });
});
