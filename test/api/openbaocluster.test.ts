import { expect } from 'chai';
import { SchemaViolation } from '../../src/api/parse.ts';
import { parseOpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { cluster } from '../support/builders.ts';

describe('an OpenBaoCluster', () => {
  it('is read as it was sent', () => {
    const sent = cluster({}, { currentVersion: '2.5.5' });
    expect(parseOpenBaoCluster(sent)).to.equal(sent);
  });

  it("may have a status whose other fields are another operator's own", () => {
    const sent = { ...cluster(), status: { conditions: [{}], raft: 'yes', upgrade: { phase: 7 } } };
    expect(parseOpenBaoCluster(sent)).to.equal(sent);
  });

  it('may have fields, phases and lengths that we do not know', () => {
    const sent = {
      ...cluster({ version: 'x'.repeat(1000) }),
      spec: { version: '2.5.5', replicas: 5, upgrade: { strategy: 'BlueGreen' } },
      status: { blueGreen: { phase: 'RestoringReadReplicas' }, conditions: [] },
    };
    expect(parseOpenBaoCluster(sent)).to.equal(sent);
  });

  const cases = [
    { name: 'without a spec', sent: { metadata: {} }, message: /required property 'spec'/ },
    {
      name: 'without metadata',
      sent: { spec: { version: '1.0.0' } },
      message: /required property 'metadata'/,
    },
    {
      name: 'without a version',
      sent: { metadata: {}, spec: {} },
      message: /spec must have required property 'version'/,
    },
    {
      name: 'whose version is a number',
      sent: { metadata: {}, spec: { version: 2.5 } },
      message: /spec\.version must be string/,
    },
    {
      name: 'whose image is null',
      sent: { metadata: {}, spec: { version: 'x', image: null } },
      message: /spec\.image must be string/,
    },
    {
      name: 'whose annotations are null',
      sent: { metadata: { annotations: null }, spec: { version: 'x' } },
      message: /metadata\.annotations must be object/,
    },
    {
      name: 'whose maintenance is "true"',
      sent: { metadata: {}, spec: { version: 'x', maintenance: { enabled: 'true' } } },
      message: /spec\.maintenance\.enabled must be boolean/,
    },
    {
      name: 'whose nonce is a number',
      sent: { metadata: {}, spec: { version: 'x' }, status: { breakGlass: { nonce: 1 } } },
      message: /status\.breakGlass\.nonce must be string/,
    },
  ];
  for (const { name, sent, message } of cases) {
    it(`${name} is refused`, () =>
      expect(() => parseOpenBaoCluster(sent)).to.throw(SchemaViolation, message));
  }
});
