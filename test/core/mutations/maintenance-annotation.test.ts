import { expect } from 'chai';
import { maintenanceAnnotation } from '../../../src/api/labels.ts';
import { maintenanceAnnotated } from '../../../src/core/mutations/maintenance-annotation.ts';
import { containerStates, pod } from '../../support/builders.ts';

const stamped = { [maintenanceAnnotation]: 'true' };

describe('a pod that is created', () => {
  const cases = [
    { name: 'in maintenance gets the annotation', maintained: true, before: undefined, after: stamped },
    {
      name: 'in maintenance keeps its other annotations',
      maintained: true,
      before: { o: '1' },
      after: { o: '1', ...stamped },
    },
    {
      name: 'in maintenance does not keep another value',
      maintained: true,
      before: { [maintenanceAnnotation]: 'false' },
      after: stamped,
    },
    { name: 'otherwise gets none', maintained: false, before: undefined, after: undefined },
    { name: 'otherwise keeps what it has', maintained: false, before: stamped, after: stamped },
    {
      name: 'in maintenance as the mirror of a static pod stays as it is',
      maintained: true,
      before: { 'kubernetes.io/config.mirror': 'hash' },
      after: { 'kubernetes.io/config.mirror': 'hash' },
    },
    {
      name: 'in maintenance as a mirror with an empty hash stays as it is',
      maintained: true,
      before: { 'kubernetes.io/config.mirror': '' },
      after: { 'kubernetes.io/config.mirror': '' },
    },
  ];
  for (const { name, maintained, before, after } of cases) {
    it(name, () => {
      const given = pod({ metadata: before === undefined ? {} : { annotations: before } });
      const once = maintenanceAnnotated(given, maintained);
      expect(once.metadata.annotations).to.deep.equal(after);
      expect(maintenanceAnnotated(once, maintained)).to.equal(once);
    });
  }

  it('is the same object where nothing is to change', () => {
    const given = pod();
    expect(maintenanceAnnotated(given, false)).to.equal(given);
    const annotated = pod({ metadata: { annotations: stamped } });
    expect(maintenanceAnnotated(annotated, true)).to.equal(annotated);
    const mirror = pod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'hash' } } });
    expect(maintenanceAnnotated(mirror, true)).to.equal(mirror);
  });

  it('changes in nothing else', () => {
    const given = pod({ image: 'openbao:2.5.5', status: containerStates.running });
    const after = maintenanceAnnotated(given, true);
    expect(after.spec).to.equal(given.spec);
    expect(after.status).to.equal(given.status);
    expect(after.metadata.labels).to.equal(given.metadata.labels);
    expect({ ...after, metadata: given.metadata }).to.deep.equal(given);
  });
});
