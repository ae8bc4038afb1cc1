import { expect } from 'chai';
import { maintenanceAnnotation } from '../../../src/api/labels.ts';
import { maintenanceRequired } from '../../../src/core/policies/maintenance-required.ts';
import { deletion, pod, reasonsOf, textOf } from '../../support/builders.ts';

const refused = ['MaintenanceRequired'];

describe('maintenance-required', () => {
  const cases = [
    { name: 'allows "true"', annotations: { [maintenanceAnnotation]: 'true' }, reasons: [] },
    { name: 'refuses no annotations', annotations: undefined, reasons: refused },
    { name: 'refuses other annotations', annotations: { 'openbao.org/other': 'true' }, reasons: refused },
    { name: 'refuses "false"', annotations: { [maintenanceAnnotation]: 'false' }, reasons: refused },
    { name: 'refuses nothing', annotations: { [maintenanceAnnotation]: '' }, reasons: refused },
    { name: 'refuses "True"', annotations: { [maintenanceAnnotation]: 'True' }, reasons: refused },
    { name: 'refuses "TRUE"', annotations: { [maintenanceAnnotation]: 'TRUE' }, reasons: refused },
    { name: 'refuses "1"', annotations: { [maintenanceAnnotation]: '1' }, reasons: refused },
    { name: 'refuses "yes"', annotations: { [maintenanceAnnotation]: 'yes' }, reasons: refused },
    { name: 'refuses a space before', annotations: { [maintenanceAnnotation]: ' true' }, reasons: refused },
    { name: 'refuses a space after', annotations: { [maintenanceAnnotation]: 'true ' }, reasons: refused },
    { name: 'refuses a newline after', annotations: { [maintenanceAnnotation]: 'true\n' }, reasons: refused },
    {
      name: 'refuses another spelling of the key',
      annotations: { 'openbao.org/Maintenance': 'true' },
      reasons: refused,
    },
  ];
  for (const { name, annotations, reasons } of cases) {
    it(name, () => {
      const target = pod({ metadata: annotations === undefined ? {} : { annotations } });
      expect(reasonsOf(maintenanceRequired, deletion(target))).to.deep.equal(reasons);
    });
  }

  it('refuses the annotation as a label', () => {
    const target = pod({ metadata: { labels: { [maintenanceAnnotation]: 'true' } } });
    expect(reasonsOf(maintenanceRequired, deletion(target))).to.deep.equal(refused);
  });

  it('says which pod of which cluster, and the command that sets maintenance', () => {
    const [finding] = maintenanceRequired.evaluate(deletion(pod()));
    expect(finding).to.include({
      reason: 'MaintenanceRequired',
      path: 'metadata.annotations[openbao.org/maintenance]',
      message:
        'pod bao/prod-0 belongs to openbaocluster prod, which is not in maintenance (the pod does not have the annotation openbao.org/maintenance=true)',
    });
    const remedy = finding?.kind === 'violation' ? finding.remedy : '';
    expect(remedy).to.match(/^kubectl patch openbaocluster prod -n bao --type merge -p /);
    const [, patch = ''] = /-p '([^']*)'/.exec(remedy) ?? [];
    expect(JSON.parse(patch)).to.deep.equal({ spec: { maintenance: { enabled: true } } });
  });

  it('says of a forced deletion what may still run, and the way that Kubernetes has for a node that is gone', () => {
    const text = textOf(maintenanceRequired.evaluate(deletion(pod(), { isForced: true })));
    expect(text)
      .to.contain('if that still runs on node-1, the next pod is a second process under the same Raft id')
      .and.contain('kubectl taint nodes node-1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute;');
    const { spec: _, ...unbound } = pod();
    const elsewhere = textOf(maintenanceRequired.evaluate(deletion(unbound, { isForced: true })));
    expect(elsewhere).to.contain('runs on its node').and.not.contain('taint');
  });
});
