import { expect } from 'chai';
import { Authority } from '../kube/certificates.ts';
import { cleanUp, eventually, kubeIpvsBeside, program, ranBeside, startKubeIpvs } from './cli-program.ts';
import { addInterface, ClusterSite, node, nodeName, service, virtualServers } from './cluster-site.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

/** A way in which the server cannot be read for now. */
interface Outage {
  readonly what: string;
  /** Makes it so. Gives what ends it, where that can be ended. */
  readonly begin: (site: ClusterSite) => Promise<(() => Promise<void>) | undefined>;
  /** What is logged of it, once. */
  readonly told: RegExp;
  readonly flags?: (site: ClusterSite) => string[];
}

const outages: readonly Outage[] = [
  {
    what: 'cannot be reached',
    begin: async ({ server }) => {
      await server.stop();
      return () => server.restart();
    },
    told: /error expected an answer from the API server https:\S+, got .*ECONNREFUSED.*; check that it runs .*; it is tried again/g,
  },
  {
    what: 'has a certificate of another authority',
    begin: async ({ server }) => {
      await server.restart({ newAuthority: true });
      return undefined;
    },
    told: /error expected an answer .*CERT.*; check certificate-authority.*; it is tried again/g,
  },
  {
    what: 'has a certificate for another name',
    begin: () => Promise.resolve(undefined),
    flags: ({ server }) => ['--master', server.url.replace('0.0.0.0', '127.0.0.2')],
    told: /error expected an answer .*ALTNAME.*; check .*tls-server-name; it is tried again/g,
  },
  {
    what: 'does not know the token',
    begin: ({ server }) => {
      server.authentication.revokeTokens('kube-ipvs');
      return Promise.resolve(undefined);
    },
    told: /error expected EndpointSlices, got 401 .*; check the token or certificate/g,
  },
  {
    what: 'forbids one resource',
    begin: ({ server }) => {
      server.authorization.forbid({ resource: 'endpointslices' });
      return Promise.resolve(undefined);
    },
    told: /error expected EndpointSlices, got 403 \(endpointslices\S* .*is forbidden: User "kube-ipvs".*\).*ClusterRole/g,
  },
  {
    what: 'fails',
    begin: ({ server }) => {
      const end = server.misbehave({ match: { resource: 'services' }, does: { kind: 'refuse', code: 500 } });
      return Promise.resolve(() => {
        end();
        return Promise.resolve();
      });
    },
    told: /error expected Services, got 500.*; it is tried again/g,
  },
];

/** Everything of ours that the kernel holds. */
function tables(): string[] {
  return ['ipvsadm -Sn', 'ip -brief address show kube-ipvs0', 'ipset save', 'iptables-legacy-save'].map(
    (line) =>
      // Comments of iptables-save bear the time.
      output(line).replaceAll(/^#.*$|\[\d+:\d+\]/gm, ''),
  );
}

describe('kube-ipvs at its start with an API server', () => {
  let authority: Authority;
  let site: ClusterSite;
  /** What the kernel holds of earlier starts. */
  let held: string[];
  /** The only Service that the server has; the kernel does not have it yet. */
  let address: string;
  let count = 0;
  const served = (): string => `-A -t ${address}:80 -s rr`;

  before(async () => {
    enterOwnNamespace();
    addInterface();
    authority = await Authority.create();
    const earlier = await ClusterSite.open({ authority });
    const { status, err } = await kubeIpvsBeside(['run', '--once', ...earlier.flags()]);
    expect(status, err).to.equal(0);
    await earlier.close();
  });

  beforeEach(async () => {
    count += 1;
    address = `10.96.1.${count}`;
    site = await ClusterSite.open({ address: '0.0.0.0', authority }, [node(), service(address)]);
    site.write('kubeconfig', site.server.kubeconfig('kube-ipvs').replace('0.0.0.0', '127.0.0.1'));
    held = tables();
    expect(virtualServers()).to.have.length(1);
  });

  afterEach(async () => {
    await site.close();
  });

  after(() => {
    cleanUp();
  });

  for (const { what, begin, told, flags } of outages) {
    it(`tells once that it ${what}, leaves what was served, and goes on trying`, async () => {
      const end = await begin(site);
      const running = startKubeIpvs('run', ...site.flags(...(flags?.(site) ?? [])));
      try {
        await eventually(
          () => running.log(),
          (log) => log.search(told) >= 0,
        );
        expect(tables()).to.deep.equal(held);
        await end?.();
        if (end !== undefined) {
          await eventually(virtualServers, (lines) => lines.join() === served());
        }
      } finally {
        expect(await running.stop(), running.log()).to.equal(0);
      }
      expect(running.log().match(told)).to.have.length(1);
      if (end === undefined) expect(tables()).to.deep.equal(held);
    });
  }

  it('waits for a Node that is not there no longer than it is told to', async () => {
    site.server.store.delete('nodes', '', nodeName);
    const { status, err } = await kubeIpvsBeside(['run', ...site.flags('--node-timeout', '2s')]);
    expect(status).to.equal(1);
    expect(err.match(/warn .*expected a Node named/g)).to.have.length(1);
    expect(err).to.match(
      /^error: expected a Node named ycwang-ubuntu within 2 s, got none; start the kubelet/m,
    );
    expect(tables()).to.deep.equal(held);
  });

  it('names the Node where that is all that run --once lacks', async () => {
    site.server.store.delete('nodes', '', nodeName);
    const { status, err } = await kubeIpvsBeside(['run', '--once', ...site.flags('--node-timeout', '4s')]);
    expect(status).to.equal(1);
    expect(err).to.match(
      /^error: expected a Node named ycwang-ubuntu within 4 s, got none; start the kubelet/m,
    );
    expect(tables()).to.deep.equal(held);
  });

  for (const [command, status] of [
    [['run', '--once'], 1],
    [['diff'], 2],
  ] as const) {
    it(`lets ${command.join(' ')} wait only for so long, and end with status ${status}`, async () => {
      await site.server.stop();
      const ran = await kubeIpvsBeside([...command, ...site.flags('--node-timeout', '3s')]);
      expect(ran.status, ran.err).to.equal(status);
      expect(ran.out).to.equal('');
      expect(ran.err).to.match(
        /^error: expected everything from the API server https:\S+ within 3 s, got: .*ECONNREFUSED/m,
      );
      expect(tables()).to.deep.equal(held);
    });
  }

  const unusable: readonly (readonly [string, (kubeconfig: string) => string, RegExp])[] = [
    [
      'is no kubeconfig',
      () => 'foo: [',
      /^error: expected a kubeconfig in .*; correct the file or its path\n$/,
    ],
    [
      'names an authority that is not there',
      (text) => text.replace(/certificate-authority-data: .*/, 'certificate-authority: /nowhere/ca.crt'),
      /^error: expected a readable file \/nowhere\/ca\.crt, got: .*; mount or restore it\n$/,
    ],
    [
      'names a program that is not there',
      (text) =>
        text.replace(
          /token: .*/,
          'exec: {apiVersion: client.authentication.k8s.io/v1, command: /nowhere/plugin, interactiveMode: Never}',
        ),
      /^error: expected credentials from the exec plugin of user kube-ipvs, got: .*ENOENT.*\n$/,
    ],
    [
      'names a server without TLS',
      (text) => text.replace('server: https:', 'server: http:'),
      /^error: expected the server of cluster test in .* to be https:.*\n$/,
    ],
  ];
  for (const [what, spoil, message] of unusable) {
    it(`ends at once where the kubeconfig ${what}`, async () => {
      site.write('kubeconfig', spoil(site.server.kubeconfig('kube-ipvs')));
      const { status, err } = await kubeIpvsBeside(['run', ...site.flags()]);
      expect(err).to.match(message);
      expect(status).to.equal(1);
      expect(tables()).to.deep.equal(held);
    });
  }

  it('ends at once where it is in no pod and is told of no server', async () => {
    const { status, err } = await kubeIpvsBeside(['run'], { KUBERNETES_SERVICE_HOST: '' });
    expect(status).to.equal(2);
    expect(err).to.match(/^error: the source of services: expected --kubeconfig, --manifests, or a pod/);
  });

  describe('in a pod', () => {
    /** Where the program runs, nothing but the service account is in /var. */
    const account = '/var/run/secrets/kubernetes.io/serviceaccount';
    const inPod = (files: string): string[] => [
      ...['unshare', '--mount', 'sh', '-ec'],
      `mount -t tmpfs none /var; mkdir -p ${account}; cp ${files} ${account}; exec "$@"`,
      ...['pod', process.execPath, program, 'run', '--once', '--hostname-override', nodeName],
    ];
    let files: string;

    beforeEach(() => {
      const ca = site.write('ca.crt', site.server.authority.certificate);
      files = `${ca} ${site.write('token', site.server.authentication.token('kube-ipvs'))}`;
    });

    it('asks the server of the environment as its service account', async () => {
      const { status, err } = await ranBeside(inPod(files), {
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: new URL(site.server.url).port,
      });
      expect(status, err).to.equal(0);
      expect(virtualServers()).to.deep.equal([served()]);
    });

    it('asks another one as its service account where --master says so', async () => {
      const master = site.server.url.replace('0.0.0.0', '127.0.0.1');
      const { status, err } = await ranBeside([...inPod(files), '--master', master], {
        KUBERNETES_SERVICE_HOST: '10.96.0.1',
        KUBERNETES_SERVICE_PORT: '443',
      });
      expect(status, err).to.equal(0);
      expect(virtualServers()).to.deep.equal([served()]);
    });

    it('ends at once where it has no service account', async () => {
      const { status, err } = await ranBeside([...inPod(site.path('kubeconfig')), '--master=127.0.0.1:1']);
      expect(status).to.equal(1);
      expect(err).to.match(
        /^error: expected a readable file \/var\/run\/secrets\/kubernetes\.io\/serviceaccount\/(token|ca\.crt), got/,
      );
      expect(tables()).to.deep.equal(held);
    });
  });
});
