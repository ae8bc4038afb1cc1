import { expect } from 'chai';
import {
  changesAcknowledgement,
  changesImage,
  changesMaintenance,
  changesVersion,
  clusterName,
  storedStatus,
} from '../../../src/core/policies/cluster-request.ts';
import { cluster, creation, update } from '../../support/builders.ts';

describe('a request on a cluster', () => {
  it('has the stored status, never the one that was sent', () => {
    const stored = { currentVersion: '2.5.5' };
    const sent = { currentVersion: '9.0.0' };
    expect(storedStatus(creation(cluster({}, sent)))).to.deep.equal({});
    const forged = { ...update(cluster({}, stored), {}), object: cluster({}, sent) };
    expect(storedStatus(forged)).to.deep.equal(stored);
  });

  const cases = [
    { name: 'an equal version', old: {}, spec: { version: '2.5.5' }, changed: [] },
    { name: 'another version', old: {}, spec: { version: '2.6.0' }, changed: ['version'] },
    { name: 'another spelling of the version', old: {}, spec: { version: 'v2.5.5' }, changed: ['version'] },
    { name: 'an empty image for none', old: {}, spec: { image: '' }, changed: [] },
    { name: 'an image', old: {}, spec: { image: 'a' }, changed: ['image'] },
    { name: 'an empty acknowledgement for none', old: {}, spec: { breakGlassAck: '' }, changed: [] },
    { name: 'an acknowledgement', old: {}, spec: { breakGlassAck: 'a' }, changed: ['acknowledgement'] },
    {
      name: 'maintenance disabled for none',
      old: {},
      spec: { maintenance: { enabled: false } },
      changed: [],
    },
    {
      name: 'maintenance removed',
      old: { maintenance: { enabled: true } },
      spec: { maintenance: {} },
      changed: ['maintenance'],
    },
  ];
  for (const { name, old, spec, changed } of cases) {
    it(`with ${name} changes ${changed.join() || 'nothing'}`, () => {
      const request = update(cluster(old), spec);
      expect([
        ...(changesVersion(request) ? ['version'] : []),
        ...(changesImage(request) ? ['image'] : []),
        ...(changesAcknowledgement(request) ? ['acknowledgement'] : []),
        ...(changesMaintenance(request) ? ['maintenance'] : []),
      ]).to.deep.equal(changed);
    });
  }

  it('to create it changes version and image, and nothing that has its default', () => {
    const request = creation(cluster());
    expect([changesVersion(request), changesImage(request)]).to.deep.equal([true, true]);
    expect([changesAcknowledgement(request), changesMaintenance(request)]).to.deep.equal([false, false]);
  });

  it('is named by the stored object, by generateName where there is no name yet', () => {
    expect(clusterName(update(cluster(), {}))).to.equal('bao/prod');
    const { name: _, ...metadata } = cluster().metadata;
    const unnamed = { ...cluster(), metadata: { ...metadata, generateName: 'prod-' } };
    expect(clusterName(creation(unnamed))).to.equal('bao/prod-');
  });
});
