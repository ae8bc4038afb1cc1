import { expect } from 'chai';
import { openBaoRestoreCrd } from '../../src/api/crd.ts';
import { openBaoRestore, parseOpenBaoRestore } from '../../src/api/openbaorestore.ts';
import { SchemaViolation } from '../../src/api/parse.ts';

describe('the CustomResourceDefinition of OpenBaoRestore', () => {
  it('lets every field of spec but confirm be set only once', () => {
    const rules = openBaoRestore.properties.spec['x-kubernetes-validations']
      .map(({ rule }) => rule)
      .join(' ');
    for (const field of Object.keys(openBaoRestore.properties.spec.properties)) {
      if (field === 'confirm') expect(rules).to.not.contain('oldSelf.confirm');
      else expect(rules).to.contain(`self.${field} == oldSelf.${field}`);
    }
  });

  it('shows where a restore is', () => {
    expect(JSON.stringify(openBaoRestoreCrd())).to.contain('.status.phase').and.contain('obrestore');
  });
});

describe('an OpenBaoRestore', () => {
  const metadata = { name: 'back', namespace: 'bao' };

  it('is read as it was sent, with fields that we do not know', () => {
    const sent = { metadata, spec: { cluster: 'prod', snapshot: 'a', more: 1 }, status: { phase: 'New' } };
    expect(parseOpenBaoRestore(sent)).to.equal(sent);
  });

  it('needs a cluster and a snapshot', () => {
    for (const spec of [{ cluster: 'prod' }, { snapshot: 'a' }, { cluster: 1, snapshot: 'a' }]) {
      expect(() => parseOpenBaoRestore({ metadata, spec })).to.throw(SchemaViolation);
    }
  });
});
