import { expect } from 'chai';
import { typeFaults } from '../../kube/typed-object.ts';

const set = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'a', labels: { app: 'a' } },
  spec: {
    selector: { matchLabels: { app: 'a' } },
    updateStrategy: { rollingUpdate: { maxUnavailable: '10%' } },
    template: {
      spec: {
        hostNetwork: true,
        containers: [
          { name: 'a', resources: { limits: { cpu: '1' } }, livenessProbe: { httpGet: { port: 80 } } },
        ],
      },
    },
  },
};

describe('the types of the Kubernetes API', () => {
  it('find nothing wrong with an object of known fields', () => {
    expect(typeFaults(set, 'V1DaemonSet')).to.deep.equal([]);
  });

  it('find a field that is misspelt, wherever it is', () => {
    const containers = [{ name: 'a', livenessProbe: { httpget: { port: 80 } } }];
    const wrong = { ...set, spec: { ...set.spec, template: { spec: { hostnetwork: true, containers } } } };
    expect(typeFaults(wrong, 'V1DaemonSet')).to.deep.equal([
      'spec.template.spec.hostnetwork: unknown',
      'spec.template.spec.containers[0].livenessProbe.httpget: unknown',
    ]);
  });

  it('find values of another kind', () => {
    const metadata = { name: 1, labels: { app: true }, finalizers: 'a', ownerReferences: ['a'] };
    expect(typeFaults({ ...set, metadata }, 'V1DaemonSet')).to.deep.equal([
      'metadata.name: expected string, got 1',
      'metadata.labels.app: expected string, got true',
      'metadata.finalizers: expected a list, got "a"',
      'metadata.ownerReferences[0]: expected V1OwnerReference, got "a"',
    ]);
  });

  it('do not know every name', () => {
    expect(() => typeFaults({}, 'V1Daemon')).to.throw('expected a type of the Kubernetes API, got V1Daemon');
  });
});
