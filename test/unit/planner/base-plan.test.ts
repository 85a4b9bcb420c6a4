import { expect } from 'chai';
import type { IpFamily } from '../../../lib/model/family.ts';
import type { FirewallProgram, FirewallTable } from '../../../lib/model/firewall-program.ts';
import { kubeSets, setName } from '../../../lib/model/ip-set.ts';
import type { KubeSet } from '../../../lib/model/ip-set.ts';
import { kubeChains } from '../../../lib/model/kube-chains.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import { planBase } from '../../../lib/planner/base-plan.ts';
import { plannerOptions } from '../fixtures.ts';

function program(changes: Partial<PlannerOptions> = {}, family: IpFamily = 'IPv4'): FirewallProgram {
  return planBase(plannerOptions(changes)).firewall.find((one) => one.family === family)!;
}

function rules(of: FirewallProgram, table: FirewallTable, chain: string): readonly string[] {
  return of.chains.find((one) => one.table === table && one.name === chain)!.rules;
}

function sysctls(changes: Partial<PlannerOptions>): Record<string, string> {
  return Object.fromEntries(planBase(plannerOptions(changes)).sysctls.map(({ key, value }) => [key, value]));
}

describe('planBase', () => {
  describe('kernel settings', () => {
    it('are those that forwarding depends on', () => {
      expect(sysctls({})).to.deep.equal({
        'net/ipv4/vs/conntrack': '1',
        'net/ipv4/vs/expire_nodest_conn': '1',
        'net/ipv4/vs/expire_quiescent_template': '1',
        'net/ipv4/ip_forward': '1',
      });
    });

    it('answer ARP for the asked interface alone where strictARP says so', () => {
      expect(sysctls({ strictArp: true })).to.include({
        'net/ipv4/conf/all/arp_ignore': '1',
        'net/ipv4/conf/all/arp_announce': '2',
      });
    });

    it('never expose the loopback addresses of the node (route_localnet, CVE-2020-8558)', () => {
      for (const strictArp of [true, false])
        for (const minor of [4, 19]) {
          const keys = Object.keys(sysctls({ strictArp, kernel: { major: 5, minor } }));
          expect(keys.filter((key) => key.includes('route_localnet'))).to.deep.equal([]);
        }
    });

    const releases: [major: number, minor: number, mode: string | undefined][] = [
      [3, 10, undefined],
      [4, 0, undefined],
      [4, 1, '0'],
      [4, 19, '0'],
      [5, 8, '0'],
      [5, 9, undefined],
      [6, 1, undefined],
    ];
    for (const [major, minor, mode] of releases) {
      it(`${mode === undefined ? 'leave conn_reuse_mode alone' : 'turn conn_reuse_mode off'} on ${major}.${minor}`, () => {
        expect(sysctls({ kernel: { major, minor } })['net/ipv4/vs/conn_reuse_mode']).to.equal(mode);
      });
    }
  });

  describe('sets', () => {
    it('are kube-proxy’s and three of our own, for each family', () => {
      const { sets } = planBase(plannerOptions());

      expect(sets.map(({ key }) => key)).to.deep.equal(
        (['IPv4', 'IPv6'] as const).flatMap((family) =>
          Object.keys(kubeSets).map((set) => setName(set as KubeSet, family)),
        ),
      );
      expect(sets.filter(({ family }) => family === 'IPv6')).to.have.lengthOf(20);
      expect(sets).to.deep.include({
        key: 'KUBE-6-LOAD-BALANCER-SOURCE-CID',
        name: 'KUBE-6-LOAD-BALANCER-SOURCE-CID',
        type: 'hash:ip,port,net',
        family: 'IPv6',
      });
    });
  });

  it('has nothing for a family that the host does not have', () => {
    const { sets, firewall } = planBase(plannerOptions({ families: ['IPv4'] }));

    expect(sets.every(({ family }) => family === 'IPv4')).to.equal(true);
    expect(firewall.map(({ key }) => key)).to.deep.equal(['IPv4']);
  });

  describe('the iptables program', () => {
    for (const family of ['IPv4', 'IPv6'] as const) {
      it(`has each of our chains once and refers to the sets, but to that which is a record (${family})`, () => {
        const options = plannerOptions({ localTraffic: { by: 'interface', pattern: 'cali+' } });
        const { sets, firewall } = planBase(options);
        const { chains } = firewall.find((one) => one.family === family)!;
        const named = chains
          .flatMap((chain) => chain.rules)
          .flatMap((rule) => /--match-set (\S+)/.exec(rule)?.[1] ?? []);

        const names = chains.map(({ table, name }) => `${table} ${name}`);
        expect([...names, 'filter KUBE-IPVS-OUT-FILTER']).to.have.members(
          Object.entries(kubeChains).flatMap(([table, list]) => list.map((name) => `${table} ${name}`)),
        );
        expect(sets.filter((set) => set.family === family).map(({ name }) => name)).to.have.members([
          ...new Set(named),
          family === 'IPv4' ? 'KUBE-NODE-PORT-IPS' : 'KUBE-6-NODE-PORT-IPS',
        ]);
      });
    }

    it('is the same whatever the family, but for what is named after it', () => {
      const text = JSON.stringify(program({}, 'IPv6').chains)
        .replaceAll('LOAD-BALANCER-SOURCE-CID ', 'LOAD-BALANCER-SOURCE-CIDR ')
        .replaceAll('LOCAL-SCTP-HAS ', 'LOCAL-SCTP-HASH ')
        .replaceAll('KUBE-6-', 'KUBE-')
        .replace('::1/128', '127.0.0.0/8')
        .replaceAll('icmp6-port-unreachable', 'icmp-port-unreachable');

      expect(JSON.parse(text)).to.deep.equal(program().chains);
      expect(program({}, 'IPv6').jumps).to.deep.equal(program().jumps);
    });

    it('meets a packet in the order of kube-proxy’s jumps', () => {
      const targets = Object.groupBy(program().jumps, ({ table, hook }) => `${table} ${hook}`);

      expect(
        Object.entries(targets).map(([hook, jumps]) => [
          hook,
          jumps?.map(({ rule }) => rule.split(' -j ')[1]),
        ]),
      ).to.deep.equal([
        ['nat PREROUTING', ['KUBE-SERVICES']],
        ['nat OUTPUT', ['KUBE-SERVICES']],
        ['nat POSTROUTING', ['KUBE-POSTROUTING']],
        ['filter INPUT', ['KUBE-IPVS-FILTER', 'KUBE-PROXY-FIREWALL', 'KUBE-NODE-PORT']],
        ['filter FORWARD', ['KUBE-PROXY-FIREWALL', 'KUBE-FORWARD']],
        ['mangle OUTPUT', ['KUBE-IPVS-OUT-FILTER']],
      ]);
    });

    it('has kube-proxy’s comments on its jumps, so that neither makes those of the other anew', () => {
      expect(program().jumps.map(({ rule }) => rule)).to.deep.equal(
        [
          ['kubernetes service portals', 'KUBE-SERVICES'],
          ['kubernetes service portals', 'KUBE-SERVICES'],
          ['kubernetes postrouting rules', 'KUBE-POSTROUTING'],
          ['kubernetes ipvs access filter', 'KUBE-IPVS-FILTER'],
          ['kube-proxy firewall rules', 'KUBE-PROXY-FIREWALL'],
          ['kubernetes health check rules', 'KUBE-NODE-PORT'],
          ['kube-proxy firewall rules', 'KUBE-PROXY-FIREWALL'],
          ['kubernetes forwarding rules', 'KUBE-FORWARD'],
          ['kubernetes ipvs access filter', 'KUBE-IPVS-OUT-FILTER'],
        ].map(([text, chain]) => `-m comment --comment "${text}" -j ${chain}`),
      );
    });

    it('accepts the traffic of services behind every other rule (TestAcceptIPVSTraffic)', () => {
      expect(rules(program(), 'nat', 'KUBE-SERVICES')).to.deep.equal([
        '-s 127.0.0.0/8 -j RETURN',
        '-m set --match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER',
        '-m set --match-set KUBE-CLUSTER-IP src,dst -j KUBE-MARK-MASQ',
        '-m set --match-set KUBE-EXTERNAL-IP dst,dst -j KUBE-MARK-MASQ',
        '-m set --match-set KUBE-EXTERNAL-IP dst,dst -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT',
        '-m set --match-set KUBE-EXTERNAL-IP dst,dst -m addrtype --dst-type LOCAL -j ACCEPT',
        '-m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT',
        '-m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst -m addrtype --dst-type LOCAL -j ACCEPT',
        '-m set ! --match-set KUBE-IPVS-IPS dst -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
        '-m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT',
        '-m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT',
      ]);
    });

    const clusterIp: [when: string, changes: Partial<PlannerOptions>, family: IpFamily, rule: string][] = [
      [
        'all traffic where masqueradeAll says so',
        { masqueradeAll: true, localTraffic: { by: 'source', cidrs: ['10.244.0.0/16'] } },
        'IPv4',
        '-m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
      ],
      [
        'what does not come from the pods’ addresses',
        { localTraffic: { by: 'source', cidrs: ['fd00:244::/64', '10.244.0.0/16'] } },
        'IPv4',
        '! -s 10.244.0.0/16 -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
      ],
      [
        'the same in IPv6',
        { localTraffic: { by: 'source', cidrs: ['10.244.0.0/16', 'fd00:244::/64'] } },
        'IPv6',
        '! -s fd00:244::/64 -m set --match-set KUBE-6-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
      ],
      [
        'what bears a service’s address where the pods’ addresses of the family are not known',
        { localTraffic: { by: 'source', cidrs: ['10.244.0.0/16'] } },
        'IPv6',
        '-m set --match-set KUBE-6-CLUSTER-IP src,dst -j KUBE-MARK-MASQ',
      ],
      [
        'what does not come in by the pods’ interfaces',
        { localTraffic: { by: 'interface', pattern: 'cali+' } },
        'IPv4',
        '! -i cali+ -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
      ],
    ];
    for (const [when, changes, family, rule] of clusterIp) {
      it(`masquerades, of the traffic to cluster IPs, ${when}`, () => {
        expect(rules(program(changes, family), 'nat', 'KUBE-SERVICES')[2]).to.equal(rule);
      });
    }

    it('masquerades marked traffic once, from random ports where it can (TestMasqueradeRule)', () => {
      expect(rules(program(), 'nat', 'KUBE-POSTROUTING')).to.deep.equal([
        '-m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE',
        '-m mark ! --mark 0x4000/0x4000 -j RETURN',
        '-j MARK --set-xmark 0x4000/0x0',
        '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
      ]);
      expect(rules(program({ randomFully: false }), 'nat', 'KUBE-POSTROUTING')[3]).to.match(/-j MASQUERADE$/);
    });

    for (const [bit, mark] of [
      [0, '0x1'],
      [14, '0x4000'],
      [31, '0x80000000'],
    ] as const) {
      it(`marks with bit ${bit} everywhere`, () => {
        const all = program({ masqueradeBit: bit }).chains.flatMap((chain) => chain.rules);

        expect(rules(program({ masqueradeBit: bit }), 'nat', 'KUBE-MARK-MASQ')).to.deep.equal([
          `-j MARK --set-xmark ${mark}/${mark}`,
        ]);
        const marks = new Set(all.flatMap((rule) => /mark (0x\w+)/.exec(rule)?.[1] ?? []));
        expect([...marks]).to.deep.equal([mark]);
      });
    }

    it('keeps the source of node port traffic for local endpoints before it masquerades the rest', () => {
      expect(rules(program(), 'nat', 'KUBE-NODE-PORT')).to.deep.equal(
        [
          ['tcp', 'TCP', 'dst'],
          ['udp', 'UDP', 'dst'],
          ['sctp', 'SCTP-HASH', 'dst,dst'],
        ].flatMap(([protocol, set, direction]) => [
          `-p ${protocol} -m set --match-set KUBE-NODE-PORT-LOCAL-${set} ${direction} -j RETURN`,
          `-p ${protocol} -m set --match-set KUBE-NODE-PORT-${set} ${direction} -j KUBE-MARK-MASQ`,
        ]),
      );
      expect(rules(program(), 'nat', 'KUBE-LOAD-BALANCER')).to.deep.equal([
        '-m set --match-set KUBE-LOAD-BALANCER-LOCAL dst,dst -j RETURN',
        '-j KUBE-MARK-MASQ',
      ]);
    });

    it('forwards what is marked and what belongs to a connection', () => {
      expect(
        rules(program(), 'filter', 'KUBE-FORWARD').map((rule) => rule.replace(/^-m comment.*?" /, '')),
      ).to.deep.equal([
        '-m mark --mark 0x4000/0x4000 -j ACCEPT',
        '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ]);
    });

    it('rejects new connections alone to what services do not serve on their addresses', () => {
      expect(rules(program(), 'filter', 'KUBE-IPVS-FILTER').slice(2)).to.deep.equal([
        '-m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN',
        '-m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN',
        '-m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN',
        '-m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst -j RETURN',
        '-m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN',
        '-m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT --reject-with icmp-port-unreachable',
      ]);
      expect(rules(program({}, 'IPv6'), 'filter', 'KUBE-IPVS-FILTER').at(-1)).to.match(
        /icmp6-port-unreachable$/,
      );
    });

    it('lets health checks of services in, whatever rules of others stand behind', () => {
      expect(rules(program(), 'filter', 'KUBE-NODE-PORT')).to.deep.equal([
        '-m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT',
      ]);
    });

    it('resets TCP to services without endpoints, and refuses everything else by ICMP, before IPVS sees it', () => {
      expect(rules(program(), 'filter', 'KUBE-IPVS-FILTER').slice(0, 2)).to.deep.equal([
        '-p tcp -m conntrack --ctstate NEW -m set --match-set KUBE-NO-ENDPOINTS dst,dst -j REJECT --reject-with tcp-reset',
        '-m conntrack --ctstate NEW -m set --match-set KUBE-NO-ENDPOINTS dst,dst -j REJECT --reject-with icmp-port-unreachable',
      ]);
    });

    it('refuses those from outside alone where a policy Local has no endpoint here', () => {
      const localTraffic = { by: 'source', cidrs: ['10.244.0.0/16', 'fd00:244::/64'] } as const;

      expect(rules(program({ localTraffic }), 'filter', 'KUBE-IPVS-FILTER').slice(2, 4)).to.deep.equal([
        '! -s 10.244.0.0/16 -p tcp -m conntrack --ctstate NEW -m set --match-set KUBE-NO-LOCAL-ENDPOINTS dst,dst -j REJECT --reject-with tcp-reset',
        '! -s 10.244.0.0/16 -m conntrack --ctstate NEW -m set --match-set KUBE-NO-LOCAL-ENDPOINTS dst,dst -j REJECT --reject-with icmp-port-unreachable',
      ]);
      expect(
        rules(
          program({ localTraffic: { by: 'interface', pattern: 'cali+' } }, 'IPv6'),
          'filter',
          'KUBE-IPVS-FILTER',
        )[3],
      ).to.equal(
        '! -i cali+ -m conntrack --ctstate NEW -m set --match-set KUBE-6-NO-LOCAL-ENDPOINTS dst,dst -j REJECT --reject-with icmp6-port-unreachable',
      );
      expect(rules(program(), 'filter', 'KUBE-IPVS-FILTER').join()).not.to.contain('NO-LOCAL-ENDPOINTS');
    });

    it('never drops or rejects ICMP of a connection, which path MTU discovery needs', () => {
      const all = program({ localTraffic: { by: 'interface', pattern: 'cali+' } }).chains;
      const every = all.flatMap((chain) => chain.rules);
      const rejects = every.filter((rule) => rule.includes('-j REJECT'));
      const drops = all.filter((chain) => chain.rules.some((rule) => rule.endsWith('-j DROP')));
      const byPort = (rule: string): boolean => rule.includes('--match-set KUBE-LOAD-BALANCER-FW dst,dst ');

      expect(rejects).to.have.lengthOf(5);
      expect(rejects.every((rule) => rule.includes('--ctstate NEW '))).to.equal(true);
      // What is dropped is for the ports of an element, which are of TCP, UDP or SCTP: no ICMP has one.
      expect(drops.map(({ name }) => name)).to.deep.equal([
        'KUBE-SOURCE-RANGES-FIREWALL',
        'KUBE-IPVS-OUT-FILTER',
      ]);
      const ways = every.filter((rule) => /-j (KUBE-SOURCE-RANGES-FIREWALL|.*DROP)$/.test(rule));
      expect(ways.filter((rule) => rule !== '-j DROP').every(byPort)).to.equal(true);
    });

    it('drops, before IPVS, what the node sends to a load balancer that does not admit it', () => {
      expect(rules(program(), 'mangle', 'KUBE-IPVS-OUT-FILTER')).to.deep.equal([
        '-m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -m set ! --match-set KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,dst -j DROP',
      ]);
    });

    it('drops what comes from outside of a load balancer’s source ranges (TestLoadBalancerSourceRanges)', () => {
      expect(rules(program(), 'filter', 'KUBE-PROXY-FIREWALL')).to.deep.equal([
        '-m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-SOURCE-RANGES-FIREWALL',
      ]);
      expect(rules(program(), 'filter', 'KUBE-SOURCE-RANGES-FIREWALL')).to.deep.equal([
        '-m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j RETURN',
        '-m set --match-set KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src -j RETURN',
        '-j DROP',
      ]);
    });
  });
});
