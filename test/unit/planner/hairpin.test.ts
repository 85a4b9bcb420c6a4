import { expect } from 'chai';
import { planService } from '../../../lib/planner/service-plan.ts';
import { elementsOf, endpoint, node, plannerOptions, service, slice, state } from '../fixtures.ts';

describe('a pod that reaches itself through its service', () => {
  for (const { nodeName, is } of [
    { nodeName: node.name, is: true },
    { nodeName: '', is: true },
    { nodeName: 'other-node', is: false },
  ]) {
    it(`is ${is ? '' : 'not '}masqueraded where its endpoint is on "${nodeName}"`, () => {
      const pods = slice([endpoint('10.180.0.1', { nodeName })]);
      const plan = planService(state(service(), pods), node, plannerOptions());

      expect(elementsOf(plan, 'KUBE-LOOP-BACK')).to.deep.equal(is ? ['10.180.0.1,tcp:80,10.180.0.1'] : []);
    });
  }
});
