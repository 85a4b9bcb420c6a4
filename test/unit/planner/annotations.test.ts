import { expect } from 'chai';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import { formatProblem } from '../../../lib/model/problem.ts';
import {
  annotationProblems,
  annotations,
  schedulersNamedBy,
  tuningOf,
} from '../../../lib/planner/annotations.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import { endpoint, node, plannerOptions, service, slice, state } from '../fixtures.ts';

type Written = Readonly<Record<string, string>>;

function planOf(given: Written, options: Partial<PlannerOptions> = {}, affinityTimeout = 0): ServicePlan {
  const of = service({ annotations: given, affinityTimeout });
  return planService(state(of, slice([endpoint('10.180.0.1')])), node, plannerOptions(options));
}

function problemsOf(given: Written, options: Partial<PlannerOptions> = {}): string[] {
  return annotationProblems(service({ annotations: given }), plannerOptions(options)).map(formatProblem);
}

describe('annotations', () => {
  describe('of a scheduler', () => {
    const cases: [
      title: string,
      given: Written,
      options: Partial<PlannerOptions>,
      scheduler: string,
      flags: number,
    ][] = [
      ['none', {}, {}, 'rr', 0],
      ['ours', { 'kube-ipvs.io/scheduler': 'lc' }, {}, 'lc', 0],
      ['kube-router’s', { 'kube-router.io/service.scheduler': 'lc' }, {}, 'lc', 0],
      [
        'both, of which ours counts',
        { 'kube-ipvs.io/scheduler': 'wlc', 'kube-router.io/service.scheduler': 'lc' },
        {},
        'wlc',
        0,
      ],
      ['with white space around it', { 'kube-ipvs.io/scheduler': ' sed\n' }, {}, 'sed', 0],
      [
        'mh, which looks at the port as in kube-proxy, and elsewhere while an endpoint drains',
        { 'kube-ipvs.io/scheduler': 'mh' },
        {},
        'mh',
        0x18,
      ],
      [
        'sh, which looks elsewhere while an endpoint drains',
        { 'kube-ipvs.io/scheduler': 'sh' },
        {},
        'sh',
        0x8,
      ],
      [
        'mh with a flag in the place of that',
        { 'kube-ipvs.io/scheduler': 'mh', 'kube-ipvs.io/scheduler-flags': 'mh-fallback' },
        {},
        'mh',
        0x8,
      ],
      [
        'mh with both flags',
        { 'kube-ipvs.io/scheduler': 'mh', 'kube-ipvs.io/scheduler-flags': 'mh-fallback, mh-port' },
        {},
        'mh',
        0x18,
      ],
      ['mh without a flag', { 'kube-ipvs.io/scheduler-flags': '' }, { scheduler: 'mh' }, 'mh', 0],
      [
        'sh with both flags',
        { 'kube-ipvs.io/scheduler': 'sh', 'kube-ipvs.io/scheduler-flags': 'sh-fallback,sh-port' },
        {},
        'sh',
        0x18,
      ],
      [
        'kube-router’s flags',
        {
          'kube-router.io/service.scheduler': 'mh',
          'kube-router.io/service.schedflags': 'flag-1,flag-2,flag-3',
        },
        {},
        'mh',
        0x38,
      ],
      ['one that the kernel has', { 'kube-ipvs.io/scheduler': 'lc' }, { schedulers: ['rr', 'lc'] }, 'lc', 0],
    ];
    for (const [title, given, options, scheduler, flags] of cases) {
      it(`are followed: ${title}`, () => {
        const { server } = planOf(given, options).virtualServers[0]!;

        expect([server.scheduler, server.flags]).to.deep.equal([scheduler, flags]);
        expect(problemsOf(given, options)).to.deep.equal([]);
      });
    }

    it('are joined with session affinity', () => {
      const { server } = planOf({ 'kube-ipvs.io/scheduler': 'mh' }, {}, 60).virtualServers[0]!;

      expect([server.flags, server.timeout]).to.deep.equal([0x19, 60]);
    });
  });

  it('limit the connections of each real server', () => {
    const given = { 'kube-ipvs.io/upper-threshold': '1000', 'kube-ipvs.io/lower-threshold': '800' };
    const [server] = planOf(given).virtualServers[0]!.realServers;

    expect([server?.upperThreshold, server?.lowerThreshold]).to.deep.equal([1000, 800]);
    expect(problemsOf(given)).to.deep.equal([]);
  });

  for (const [value, milliseconds] of [
    ['0', 0],
    ['30s', 30_000],
    ['1h30m', 5_400_000],
  ] as const) {
    it(`say for how long a real server drains: ${value}`, () => {
      expect(planOf({ 'kube-ipvs.io/drain-timeout': value }).drainTimeout).to.equal(milliseconds);
    });
  }

  it('have real servers not drain with dh, unless they say for how long', () => {
    const dh = { 'kube-ipvs.io/scheduler': 'dh' };
    expect(planOf(dh).drainTimeout).to.equal(0);
    expect(planOf({ ...dh, 'kube-ipvs.io/drain-timeout': '30s' }).drainTimeout).to.equal(30_000);
    expect(planOf({ 'kube-ipvs.io/scheduler': 'sh' }).drainTimeout).to.equal(undefined);
  });

  describe('that are wrong change nothing and are told of', () => {
    const list = 'rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos';
    const cases: [given: Written, options: Partial<PlannerOptions>, problem: string][] = [
      [
        { 'kube-ipvs.io/scheduler': 'leastconn' },
        {},
        `scheduler]: expected one of ${list}, got "leastconn"; write the name of a scheduler; the configured one is used`,
      ],
      [
        { 'kube-ipvs.io/scheduler': 'constructor' },
        {},
        `scheduler]: expected one of ${list}, got "constructor"; write the name of a scheduler; the configured one is used`,
      ],
      [
        { 'kube-router.io/service.scheduler': 'LC' },
        {},
        `service.scheduler]: expected one of ${list}, got "LC"; write the name of a scheduler; the configured one is used`,
      ],
      [
        { 'kube-ipvs.io/scheduler': 'mh' },
        { schedulers: ['rr'] },
        `scheduler]: expected one of ${list}, got "mh"; load the kernel module ip_vs_mh on this node; the configured scheduler is used`,
      ],
      [
        { 'kube-ipvs.io/scheduler-flags': 'mh-port' },
        {},
        'or nothing, got "mh-port"; remove it: rr has no flags',
      ],
      [
        { 'kube-ipvs.io/scheduler-flags': 'mh-port' },
        { scheduler: 'sh' },
        'or nothing, got "mh-port"; sh has sh-fallback and sh-port alone',
      ],
      [
        { 'kube-router.io/service.schedflags': 'flag-4' },
        {},
        'schedflags]: expected a list of flag-1, flag-2, flag-3, got "flag-4"; write flag-1, flag-2, flag-3, with commas between',
      ],
      ...['0', '-1', '1.5', '1e3', '', 'many', '4294967296'].map(
        (value): [Written, Partial<PlannerOptions>, string] => [
          { 'kube-ipvs.io/upper-threshold': value },
          {},
          `upper-threshold]: expected a whole number from 1 to 4294967295, got "${value}"; write digits alone, or remove it for no threshold`,
        ],
      ),
      [
        { 'kube-ipvs.io/lower-threshold': '5' },
        {},
        'got "5"; set kube-ipvs.io/upper-threshold too, or remove it',
      ],
      [
        { 'kube-ipvs.io/drain-timeout': '30' },
        {},
        'drain-timeout]: expected a duration such as 30s, 1m30s, 500ms or 0, got "30"; give it a unit: 30s for seconds',
      ],
      [
        { 'kube-ipvs.io/drain-timeout': '-5s' },
        {},
        'drain-timeout]: expected a duration such as 30s, 1m30s, 500ms or 0, got "-5s"; write a duration of 0 or more',
      ],
      [
        { 'kube-ipvs.io/slow-start': '30s' },
        { scheduler: 'sh' },
        'got "30s"; set kube-ipvs.io/scheduler to one of wrr, wlc, sed, twos: by weights, sh does not divide connections',
      ],
      [
        { 'kube-ipvs.io/slow-start': '30s' },
        { scheduler: 'lc', schedulers: ['lc'] },
        'got "30s"; load the kernel module ip_vs_wlc on this node; lc looks at no weights',
      ],
      [
        { 'kube-ipvs.io/weights': 'same-node=4' },
        { scheduler: 'dh' },
        'got "same-node=4"; set kube-ipvs.io/scheduler to one of wrr, wlc, sed, twos, lblc, lblcr, sh, nq, fo, ovf, mh: ' +
          'by weights, dh does not divide connections',
      ],
      [{ 'kube-ipvs.io/weights': '4' }, {}, 'from 1 to 1000, got "4"; write WHO=WEIGHT'],
      [{ 'kube-ipvs.io/slow-start': '30' }, { scheduler: 'wlc' }, 'give it a unit: 30s for seconds'],
    ];
    for (const [given, options, problem] of cases) {
      it(JSON.stringify(given), () => {
        const told = problemsOf(given, options);

        expect(told).to.have.lengthOf(1);
        expect(told[0])
          .to.match(/^Service ns1\/svc1: metadata\.annotations\[/)
          .and.to.contain(problem);
        expect(planOf(given, options)).to.deep.equal(planOf({}, options));
      });
    }

    it('a lower threshold that is not below the upper one, which stays', () => {
      const given = { 'kube-ipvs.io/upper-threshold': '10', 'kube-ipvs.io/lower-threshold': '10' };

      expect(problemsOf(given)).to.have.lengthOf(1);
      expect(tuningOf(service({ annotations: given }), plannerOptions())).to.deep.equal({
        upperThreshold: 10,
      });
    });
  });

  it('say how long a new endpoint starts, whose service has weights that can grow for that', () => {
    const weights = ({ virtualServers }: ServicePlan): number[] =>
      virtualServers.flatMap(({ realServers }) => realServers.map(({ weight }) => weight));
    const given = { 'kube-ipvs.io/scheduler': 'wlc', 'kube-ipvs.io/slow-start': '30s' };
    expect(planOf(given).slowStart).to.equal(30_000);
    expect(new Set(weights(planOf(given)))).to.deep.equal(new Set([10]));
    const off = planOf({ ...given, 'kube-ipvs.io/slow-start': '0' });
    expect([off.slowStart, new Set(weights(off))]).to.deep.equal([undefined, new Set([1])]);
  });

  describe('that need weights have', () => {
    const cases: [title: string, configured: string, given: Written, scheduler: string][] = [
      ['lc replaced by wlc, which chooses alike', 'lc', {}, 'wlc'],
      ['rr replaced by wrr', 'rr', {}, 'wrr'],
      ['the lc of an annotation replaced too', 'rr', { 'kube-ipvs.io/scheduler': 'lc' }, 'wlc'],
      ['a scheduler left that looks at weights', 'rr', { 'kube-ipvs.io/scheduler': 'sed' }, 'sed'],
    ];
    for (const [title, configured, given, scheduler] of cases)
      for (const [name, value] of [
        ['slow-start', '30s'],
        ['weights', 'same-node=4'],
      ]) {
        it(`${title}, for ${name}`, () => {
          const written = { ...given, [`kube-ipvs.io/${name}`]: value! };
          const options = { scheduler: configured };
          expect(problemsOf(written, options)).to.deep.equal([]);
          const { virtualServers } = planOf(written, options);
          expect(virtualServers.map(({ server }) => server.scheduler)).to.deep.equal([scheduler]);
        });
      }

    it('their schedulers looked for in the kernel, and nobody else’s', () => {
      const named = (annotations: Written, configured: string): string[] =>
        schedulersNamedBy(service({ annotations }), configured);
      expect(named({ 'kube-ipvs.io/slow-start': '5s' }, 'lc')).to.deep.equal(['wlc']);
      expect(
        named({ 'kube-ipvs.io/weights': 'other=2', 'kube-ipvs.io/scheduler': 'rr' }, 'sh'),
      ).to.deep.equal(['rr', 'wrr']);
      expect(named({ 'kube-ipvs.io/weights': 'other=2' }, 'mh')).to.deep.equal([]);
      expect(named({ 'kube-ipvs.io/drain-timeout': '5s' }, 'lc')).to.deep.equal([]);
    });
  });

  it('with our prefix that nobody knows are told of, others are not', () => {
    expect(
      problemsOf({
        'kube-ipvs.io/schedular': 'lc',
        'service.kubernetes.io/topology-mode': 'Auto',
        'kube-router.io/service.hairpin': '',
      }),
    ).to.deep.equal([
      'Service ns1/svc1: metadata.annotations[kube-ipvs.io/schedular]: expected an annotation that is known ' +
        '(kube-ipvs.io/scheduler, kube-ipvs.io/scheduler-flags, kube-ipvs.io/upper-threshold, ' +
        'kube-ipvs.io/lower-threshold, kube-ipvs.io/drain-timeout, kube-ipvs.io/slow-start, kube-ipvs.io/weights), ' +
        'got kube-ipvs.io/schedular; ' +
        'it changes nothing; correct its name or remove it',
    ]);
  });

  it('have an example each that is followed', () => {
    for (const { name, example, read } of annotations) {
      const scheduler = name === 'kube-ipvs.io/slow-start' ? 'wlc' : 'mh';
      const context = { asked: { scheduler, upperThreshold: 1000 }, options: plannerOptions() };
      expect(read(example, context), name).to.be.an('object');
    }
  });
});
