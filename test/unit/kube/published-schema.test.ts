import { expect } from 'chai';
import { schemaFaults } from '../../kube/published-schema.ts';

describe('the published schemas', () => {
  it('find what is missing and what is of another type in an object of Kubernetes', async () => {
    const container = { image: 'a', ports: [{ containerPort: 'http' }] };
    const spec = { selector: {}, template: { spec: { containers: [container] } } };
    const set = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'a' }, spec };
    expect(await schemaFaults(set)).to.deep.equal([
      'DaemonSet: spec/template/spec/containers/0 must have required property name',
      'DaemonSet: spec/template/spec/containers/0/ports/0/containerPort must be integer',
    ]);
    expect(await schemaFaults({ apiVersion: 'v1', kind: 'ConfigMap' })).to.deep.equal([]);
  });

  it('find a value that no operator knows', async () => {
    const spec = { selector: {}, podMetricsEndpoints: [{ scheme: 'gopher' }] };
    const monitor = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor', spec };
    expect(await schemaFaults(monitor)).to.deep.equal([
      'PodMonitor: spec/podMetricsEndpoints/0/scheme must be equal to one of the allowed values',
    ]);
  });

  it('are not made up for a kind that there is none of', async () => {
    const fault = await schemaFaults({ apiVersion: 'apps/v1', kind: 'Demon' }).catch(
      (error: unknown) => error,
    );
    expect(fault).to.match(/expected a kind of apps\/v1, got Demon/);
  });
});
