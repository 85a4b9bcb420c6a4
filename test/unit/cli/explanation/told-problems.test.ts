import { expect } from 'chai';
import { problemLog } from '../../../../lib/cli/explanation/told-problems.ts';
import type { Problem } from '../../../../lib/model/problem.ts';

describe('what a source says of objects while a Service is explained', () => {
  const problem = (object: string): Problem => ({
    ...{ where: 'web.yaml:3', object, expected: 'a port', got: '"x"', hint: 'write one', severity: 'error' },
  });

  it('is kept for those that are asked about, and not printed', () => {
    const written: string[] = [];
    const told = problemLog({ err: (text) => written.push(text) });
    told.log.error({ problem: problem('Service default/web') }, 'of web');
    told.log.warn({ problem: problem('EndpointSlice default/web-1') }, 'of a slice');
    told.log.warn({ problem: problem('Service default/other') }, 'of another');
    told.log.info({ problem: problem('Service default/web') }, 'no longer a problem');
    expect(told.problemsOf(['Service default/web', 'EndpointSlice default/web-1'])).to.deep.equal([
      problem('Service default/web'),
      problem('EndpointSlice default/web-1'),
    ]);
    expect(written).to.deep.equal([]);
  });

  it('is printed where it is of no object', () => {
    const written: string[] = [];
    problemLog({ err: (text) => written.push(text) }).log.warn({}, 'the API server gives no answer');
    expect(written).to.deep.equal(['warning: the API server gives no answer\n']);
  });
});
