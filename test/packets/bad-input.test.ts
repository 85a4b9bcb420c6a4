import { expect } from 'chai';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { unprivileged } from '../kernel/cli-program.ts';
import type { Asking } from '../lab/asking.ts';
import type { LogLine } from '../lab/controller.ts';
import type { Node } from '../lab/node.ts';
import { schedulers } from '../../lib/config/schedulers.ts';
import { Site, complaints, counted, held, until } from './support.ts';
import type { SiteService } from './support.ts';
import { manifestOf, objectsOf } from './support-objects.ts';

/** A service that is right all the while and must lose nothing by what is wrong elsewhere. */
const sound: SiteService = {
  name: 'sound',
  clusterIPs: ['10.96.0.50', 'fd00:10:96::50'],
  ports: [{ name: 'page', port: 80, nodePort: 30080 }],
  pods: ['web-1', 'web-3'],
};

/** A service that faults are written into. */
const shop: SiteService = {
  name: 'shop',
  clusterIPs: ['10.96.0.51'],
  ports: [{ name: 'page', port: 80 }],
  pods: ['web-1'],
};

const [service, slice] = objectsOf({
  ...shop,
  endpoints: [{ addresses: ['10.244.0.2'], nodeName: 'ycwang-ubuntu' }],
}) as [Record<string, object>, Record<string, object>];

const withSpec = (spec: object): object => ({ ...service, spec: { ...service['spec'], ...spec } });
const withEndpoints = (...addresses: readonly string[]): object => ({
  ...slice,
  endpoints: addresses.map((address) => ({ addresses: [address], nodeName: 'ycwang-ubuntu' })),
});
const shopFile = (...objects: readonly object[]): string => manifestOf(objects);

/** A fault and a file that it is in. */
interface Fault {
  readonly title: string;
  readonly content: string;
  /** What is told of it, a line each. */
  readonly lines: readonly RegExp[];
}

/** Said of a slice besides where no endpoint of it is right. */
const noneLeft =
  /: endpoints: expected at least one endpoint that can be used, got 1 that cannot; .* the last good version is served/;

const faults: readonly Fault[] = [
  {
    title: 'a file that is no YAML',
    content: 'apiVersion: v1\nkind: Service\n  metadata: {{\n',
    lines: [/^shop\.yaml:\d+: expected .*, got .*; .+/],
  },
  {
    title: 'a field of a wrong type',
    content: shopFile(withSpec({ ports: 'eighty' }), slice),
    lines: [/^shop\.yaml:\d+: Service default\/shop: spec\.ports: expected .*, got "eighty".*; .+/],
  },
  {
    title: 'an impossible port',
    content: shopFile(withSpec({ ports: [{ port: 70000 }] }), slice),
    lines: [
      /^shop\.yaml:\d+: Service default\/shop: spec\.ports\[0\]\.port: expected .*65535, got 70000; .+/,
    ],
  },
  {
    title: 'an endpoint of the wrong family',
    content: shopFile(service, withEndpoints('fd00:10:244::2')),
    lines: [
      /^shop\.yaml:\d+: EndpointSlice default\/shop-ipv4: endpoints\[0\]\.addresses\[0\]: expected an IPv4 address.*, got "fd00:10:244::2"; .+/,
      noneLeft,
    ],
  },
  {
    title: 'a cluster address that is IPv4 mapped into IPv6',
    content: shopFile(withSpec({ clusterIP: '::ffff:10.96.0.51', clusterIPs: ['::ffff:10.96.0.51'] }), slice),
    lines: [
      /^shop\.yaml:\d+: Service default\/shop: spec\.clusterIPs?.*: expected .*, got "::ffff:10\.96\.0\.51".*; .+/,
    ],
  },
  {
    title: 'an endpoint at the loopback address',
    content: shopFile(service, withEndpoints('127.0.0.1')),
    lines: [
      /^shop\.yaml:\d+: EndpointSlice default\/shop-ipv4: endpoints\[0\]\.addresses\[0\]: expected .*, got "127\.0\.0\.1".*; .+/,
      noneLeft,
    ],
  },
];

const resolved = 'no longer a problem: ';

/** What a controller told of faults, since a line. */
function messages(lines: readonly LogLine[]): string[] {
  return lines.filter(({ fields }) => 'problem' in fields).map(({ fields }) => String(fields['msg']));
}

/** The faults that were told of and not yet that they are gone. */
function unresolved(lines: readonly LogLine[]): string[] {
  const open = new Set<string>();
  for (const message of messages(lines)) {
    if (message.startsWith(resolved)) open.delete(message.slice(resolved.length));
    else open.add(message);
  }
  return [...open];
}

describe('bad input', () => {
  let site: Site;
  let node: Node;
  let requests: readonly Asking[];

  /** How many lines had been logged when a test began. */
  let began = 0;

  /** Sees that these lines and no others tell of faults. */
  async function told(...lines: readonly RegExp[]): Promise<void> {
    const found = await until(
      () => messages(site.controller(node).lines.slice(began)),
      (seen) => seen.length >= lines.length,
    );
    expect(found).to.have.length(lines.length);
    for (const [index, line] of lines.entries()) expect(found[index]).to.match(line);
  }

  async function shopAnswers(name = 'web-1'): Promise<void> {
    const { names, errors } = counted(await site.pod('web-2').ask('10.96.0.51', 80, { count: 3 }));
    expect({ names, errors }).to.deep.equal({ names: { [name]: 3 }, errors: {} });
  }

  before(async () => {
    site = await Site.build();
    node = site.first;
    await site.publish(sound);
    await site.publish(shop);
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-sync-period', '3s');
    await site.untilServed(sound);
    await site.untilServed(shop);
    // What is tried here is the same on every node.
    await site.controller(site.second).stop();
  });

  beforeEach(() => {
    began = site.controller(node).lines.length;
    const rate = { seconds: 300, rate: 15 };
    requests = [site.pod('web-2').asking('10.96.0.50', 80, rate), site.client.asking(node.ipv6, 30080, rate)];
  });

  // Whatever is wrong elsewhere, this is served all the while.
  afterEach(async () => {
    for (const asking of requests) {
      await asking.reach(3);
      const { names, errors } = counted(await asking.stop());
      expect(errors).to.deep.equal({});
      expect(Object.keys(names)).to.deep.equal(['web-1', 'web-3']);
    }
  });

  after(() => site.destroy());

  describe('in manifests', () => {
    // Every fault that was told of is told to be gone once it is mended.
    afterEach(async () => {
      await site.publish(shop);
      await site.untilServed(shop, [node]);
      await until(
        () => unresolved(site.controller(node).lines),
        (faults) => faults.length === 0,
      );
    });

    for (const { title, content, lines } of faults) {
      it(`${title} is told of, and what was served before still is`, async () => {
        await shopAnswers();
        await site.write('shop.yaml', content);
        await told(...lines);
        await shopAnswers();
      });
    }

    it('an endpoint address with leading zeros is read in decimal, with a warning', async () => {
      const line =
        /endpoints\[0\]\.addresses\[0\]: expected .* without leading zeros, got "010\.244\.000\.003"; it is read in decimal as 10\.244\.0\.3; .+/;
      await site.write('shop.yaml', shopFile(service, withEndpoints('010.244.000.003')));
      await told(line);
      await site.untilServed({ ...shop, pods: ['web-2'] }, [node]);
      const { names } = counted(await site.pod('web-1').ask('10.96.0.51', 80));
      expect(names).to.deep.equal({ 'web-2': 1 });
    });

    it('one wrong endpoint among right ones is left out alone', async () => {
      const line = /endpoints\[1\]\.addresses\[0\]: expected an IP address, got "10\.244\.0\.300".*; .+/;
      await site.write(
        'shop.yaml',
        shopFile(service, withEndpoints('10.244.0.2', '10.244.0.300', '10.244.1.4')),
      );
      await told(line);
      await site.untilServed({ ...shop, pods: ['web-1', 'web-3'] }, [node]);
    });

    it('a wrong object does not keep the others of its file from being served', async () => {
      const line = /Service default\/shop: spec\.ports\[0\]\.port: expected .*, got 0;/;
      const other = { ...shop, name: 'other', clusterIPs: ['10.96.0.52'] };
      await site.write(
        'shop.yaml',
        shopFile(
          withSpec({ ports: [{ port: 0 }] }),
          slice,
          ...objectsOf({
            ...other,
            endpoints: [{ addresses: ['10.244.1.4'], nodeName: 'ycwang-ubuntu-worker' }],
          }),
        ),
      );
      await site.untilServed({ ...other, pods: ['web-3'] }, [node]);
      await told(line);
      await shopAnswers();
      expect(counted(await site.pod('web-2').ask('10.96.0.52', 80)).names).to.deep.equal({ 'web-3': 1 });
    });

    it('endpoints outside any service are told of, and used once the service is there', async () => {
      const line =
        /metadata\.labels\["kubernetes\.io\/service-name"\]: expected the name of a service.*, got endpoints outside any service.*; .+/;
      const late = { ...shop, name: 'late', clusterIPs: ['10.96.0.53'], pods: ['web-3'] } as const;
      const [lateService, lateSlice] = objectsOf({
        ...late,
        endpoints: [{ addresses: ['10.244.1.4'], nodeName: 'ycwang-ubuntu-worker' }],
      }) as [object, object];
      await site.write('late-slice.yaml', manifestOf([lateSlice]));
      await told(line);
      await site.write('late.yaml', manifestOf([lateService]));
      await site.untilServed(late, [node]);
      expect(counted(await site.pod('web-2').ask('10.96.0.53', 80)).names).to.deep.equal({ 'web-3': 1 });
      await site.remove('late-slice.yaml');
      await site.withdraw(late);
    });

    it('two services on one address and port are told of, and the older one is served', async () => {
      const line =
        /Service default\/twin: spec\.ports\[0\]\.port: expected an address and port that no other service has, got TCP 10\.96\.0\.51:80, which Service default\/shop has .*; .+/;
      await site.publish({ ...shop, name: 'twin', created: '2030-01-01T00:00:00Z', pods: ['web-3'] });
      await told(line);
      await shopAnswers();
      await site.remove('twin.yaml');
    });

    it('a file that is written bit by bit never takes away what it served, and serves the new in the end', async () => {
      const asking = site.pod('web-2').asking('10.96.0.51', 80, { seconds: 300, rate: 30 });
      const next = shopFile(service, withEndpoints('10.244.1.4'));
      // In place, as an editor or a copy over a slow network writes.
      const file = await open(join(site.manifests, 'shop.yaml'), 'w');
      const size = Math.ceil(next.length / 12);
      for (let at = 0; at < next.length; at += size) {
        await file.write(next.slice(at, at + size));
        await asking.reach(asking.answers.length + 4);
      }
      await file.close();
      await site.untilServed({ ...shop, pods: ['web-3'] }, [node]);
      const before = asking.answers.length;
      await asking.reach(before + 5);
      const { names, errors } = counted(await asking.stop());
      expect(errors).to.deep.equal({});
      expect(Object.keys(names)).to.deep.equal(['web-1', 'web-3']);
    });

    it('a file that is left empty takes nothing away', async () => {
      await site.write('shop.yaml', '');
      // Once another fault is told of, all files have been read and stand still.
      await site.write('zz.yaml', 'apiVersion: v1\nkind: Service\nmetadata: { name: zz }\n...\n');
      await site.controller(node).log(/zz\.yaml/, 10_000, began);
      await shopAnswers();
      await site.remove('zz.yaml');
    });

    it('a directory that is gone takes nothing away', async () => {
      await rename(site.manifests, `${site.manifests}-gone`);
      try {
        await told(/expected a readable directory of manifests, got ENOENT; .+/);
        await shopAnswers();
      } finally {
        await rename(`${site.manifests}-gone`, site.manifests);
      }
    });
  });

  describe('at the start of another controller', () => {
    /** Runs one that cannot start, in some way, beside the one that serves. */
    async function refusedToStart(way: readonly string[], ...args: readonly string[]): Promise<string> {
      const before = await held(node);
      const command = ['node', 'dist/kube-ipvs.mjs', 'run', '--manifests', site.manifests, ...args];
      const [program = '', ...rest] = [...way, ...command];
      const { code, stdout, stderr } = await node.exec(program, rest);
      expect(code, stderr).to.equal(args.includes('wrrr') ? 2 : 1);
      expect(stdout).to.equal('');
      expect(await held(node)).to.deep.equal(before);
      return stderr;
    }

    it('a scheduler that nobody knows is refused', async () => {
      const said = await refusedToStart([], '--ipvs-scheduler', 'wrrr');
      expect(said).to.match(/^error: --ipvs-scheduler: expected one of rr, .*, got "wrrr"\nhint: .+\n$/);
    });

    it('a scheduler that the kernel lacks is refused, with the module to load', async function () {
      const tried = await Promise.all(
        Object.keys(schedulers).map(async (name) => {
          const service = ['-f', String(crypto.getRandomValues(new Uint16Array(1))[0]! + 1000)];
          const { code } = await node.exec('ipvsadm', ['-A', ...service, '-s', name]);
          if (code === 0) await node.must(['ipvsadm', '-D', ...service]);
          return code === 0 ? [] : [name];
        }),
      );
      const [missing] = tried.flat();
      // eslint-disable-next-line mocha/no-pending-tests -- a kernel that has them all cannot show it
      if (missing === undefined) return this.skip();
      const said = await refusedToStart([], '--ipvs-scheduler', missing);
      // Before the kernel is asked, the log says what starts, and that the other controller has its ports.
      expect(said.split('\n').slice(-3)).to.deep.equal([
        `error: --ipvs-scheduler: expected a scheduler that the kernel has, got "${missing}"`,
        `hint: load its module on the node (modprobe ip_vs_${missing}), or choose another scheduler`,
        '',
      ]);
    });

    it('the lack of CAP_NET_ADMIN is told of', async () => {
      expect(await refusedToStart(unprivileged)).to.match(
        /^error: expected the capability NET_ADMIN, got EPERM from IPVS\nhint: run as root, .*\n$/,
      );
    });
  });

  describe('in the kernel', () => {
    it('iptables whose lock another program holds is told of, and tried again until it is free', async () => {
      await node.must(['iptables', '-t', 'nat', '-F', 'KUBE-MARK-MASQ']);
      const holder = await node.startController({
        command: ['sh', '-c', 'exec 9>/run/xtables.lock; flock 9; echo held; exec sleep 60'],
      });
      await holder.log(/held/);
      const line = await site.controller(node).log(/xtables lock/, 25_000, began);
      expect(line.text).to.contain('find out which program holds /run/xtables.lock');
      await shopAnswers();
      await holder.kill();
      await until(
        () => node.must(['iptables', '-t', 'nat', '-S', 'KUBE-MARK-MASQ']),
        (rules) => rules.includes('-j MARK'),
        30_000,
      );
    });

    it('a set of one of our names and of another type is told of once, and all else is served', async () => {
      await Promise.all(requests.map((asking) => asking.stop()));
      requests = [];
      await site.controller(node).stop();
      await node.must(['node', 'dist/kube-ipvs.mjs', 'cleanup']);
      await node.must(['ipset', 'create', 'KUBE-LOAD-BALANCER', 'hash:ip']);
      await node.must(['ipset', 'add', 'KUBE-LOAD-BALANCER', '198.51.100.7']);
      const controller = await site.launch(node);
      await site.untilServed(sound, [node]);
      await site.untilServed(shop, [node]);
      await controller.log(/ready, but for what the kernel refused/, 20_000);
      const [told, ...more] = complaints(controller).filter((line) => line.includes('KUBE-LOAD-BALANCER'));
      expect(more).to.deep.equal([]);
      expect(told).to.contain(
        'expected set KUBE-LOAD-BALANCER to be hash:ip,port of IPv4, got hash:ip of IPv4',
      );
      expect(told).to.contain('ipset destroy KUBE-LOAD-BALANCER');
      await shopAnswers();
      // As it was told: stop, cleanup, destroy, start again. The set is not ours, and cleanup leaves it with what is in it.
      await site.controller(node).stop();
      await node.must(['node', 'dist/kube-ipvs.mjs', 'cleanup']);
      expect(await node.must(['ipset', 'save'])).to.match(
        /^create KUBE-LOAD-BALANCER hash:ip [^\n]*\nadd KUBE-LOAD-BALANCER 198\.51\.100\.7\n$/,
      );
      await node.must(['ipset', 'destroy', 'KUBE-LOAD-BALANCER']);
      await site.launch(node);
      await site.untilServed(sound, [node]);
      await site.untilServed(shop, [node]);
      await until(
        () => node.must(['ipset', 'list', '-t']),
        (sets) => sets.includes('Name: KUBE-LOAD-BALANCER\nType: hash:ip,port\n'),
        40_000,
      );
      await until(
        () => node.must(['iptables-save']),
        (rules) => rules.includes('-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT'),
      );
      await shopAnswers();
    });
  });
});
