import { expect } from 'chai';
import type { Explanation } from '../../../../lib/cli/explanation/explanation.ts';
import { explanationText } from '../../../../lib/cli/output/explanation-text.ts';
import { painter } from '../../../../lib/cli/output/paint.ts';
import { endpoint, service, servicePort, slice, state } from '../../fixtures.ts';
import { explained } from './support.ts';

const sources = {
  services: 'the manifests in /m',
  configuration: 'the flags',
  daemon: null,
  noDaemon: 'none',
};

function textOf(explanation: Explanation, wide = false): string {
  return explanationText(explanation, sources, { wide, paint: painter(false) });
}

describe('the text of an explanation', () => {
  it('is a page that says what was read, and ends with what to do', () => {
    const asked = service({ ports: [servicePort({ name: '' })], affinityTimeout: 60 });
    const slices = slice([endpoint('10.0.0.1')], { ports: [{ name: '', protocol: 'TCP', port: 8080 }] });
    expect(textOf(explained(state(asked, slices)))).to.equal(
      `Service:      ns1/svc1
Node:         this-node
Read from:    the kernel of this node, and the manifests in /m
              no running kube-ipvs: none
              configuration: the flags
Type:         ClusterIP
Cluster IPs:  172.16.55.4
Ports:        80/TCP
Policies:     internal Cluster
Affinity:     a client stays on one endpoint for 60 s
Scheduler:    rr, as the configuration says

TCP 172.16.55.4:80, cluster IP
  Kernel:        holds it as wanted, rr
  Served by:     endpoints of any node
  Masqueraded:   what this node sends from an address of a Service, and an endpoint of this node that asks itself
  Sets:          KUBE-IPVS-IPS, KUBE-CLUSTER-IP
  Real servers:  ADDRESS        WEIGHT  ACTIVE  INACTIVE  STATE
                 10.0.0.1:8080  1       2       1         as wanted

ENDPOINTS
  ADDRESS        NODE        USED
  10.0.0.1:8080  other-node  yes, ready

SERVED  one virtual server by one endpoint, held as wanted
NEXT  kube-ipvs trace ns1/svc1
`,
    );
  });

  for (const [answered, line] of [
    [503, 'port 31000 answers 503: 0 ready endpoints are on this node'],
    [404, 'port 31000 should answer 503 and answers 404: 0 ready'],
    [null, 'port 31000 should answer 503 and gives no answer: 0 ready'],
  ] as const) {
    it(`says what the health check port answers: ${answered ?? 'nothing'}`, () => {
      const asked = service({
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 31000,
      });
      const facts = { healthAnswered: answered };
      expect(textOf(explained(state(asked), { facts }))).to.match(new RegExp(`^Health check: +${line}`, 'm'));
    });
  }

  const many = Array.from({ length: 12 }, (_, index) => endpoint(`10.0.0.${index + 10}`));

  /** Explains a Service of many endpoints, of which the kernel lacks the last. */
  function lacking(): Explanation {
    return explained(state(service(), slice(many)), {
      held: (wanted) => ({
        ...wanted,
        servers: new Map(
          [...wanted.servers].map(([key, { service: own, destinations }]) => [
            key,
            { service: own, destinations: destinations.filter(({ address }) => address !== '10.0.0.21') },
          ]),
        ),
      }),
    });
  }

  it('lists of many real servers those first that are not as wanted', () => {
    const text = textOf(lacking());
    expect(text).to.match(/Real servers: +ADDRESS.*\n +10\.0\.0\.21:80 +- +- +- +missing\n/);
    expect(text).to.contain('and 2 more, which -o wide lists');
    expect(text).to.match(
      /^SERVED OTHERWISE THAN WANTED {2}.*10\.0\.0\.21:80 is missing.*\nNEXT {2}kube-ipvs status\n$/m,
    );
  });

  it('lists all where all are asked for', () => {
    const text = textOf(lacking(), true);
    expect(text.match(/ as wanted$/gm)).to.have.length(11);
    expect(text).not.to.contain('more, which');
  });
});
