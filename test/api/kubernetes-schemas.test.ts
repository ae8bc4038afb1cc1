import { expect } from 'chai';
import { parsePersistentVolumeClaim, parsePod } from '../../src/api/kubernetes-schemas.ts';
import { SchemaViolation } from '../../src/api/parse.ts';
import { containerStates, pod, volume } from '../support/builders.ts';

describe('a pod', () => {
  for (const [state, status] of Object.entries(containerStates)) {
    it(`with a container that is ${state} is read as it was sent`, () => {
      const sent = pod({ image: 'openbao:2.5.5', status });
      expect(parsePod(sent)).to.equal(sent);
    });
  }

  it('may have fields that we do not read, and lack those that we do', () => {
    for (const sent of [
      { metadata: {} },
      { metadata: {}, spec: { containers: [{ name: 'c', ports: [] }] }, new: 1 },
    ]) {
      expect(parsePod(sent)).to.equal(sent);
    }
  });

  const cases = [
    { name: 'without metadata', sent: {}, message: /required property 'metadata'/ },
    {
      name: 'whose label is a number',
      sent: { metadata: { labels: { a: 1 } } },
      message: /metadata\.labels\.a must be string/,
    },
    {
      name: 'whose phase is a number',
      sent: { metadata: {}, status: { phase: 1 } },
      message: /status\.phase must be string/,
    },
    { name: 'that is null', sent: null, message: /must be object/ },
  ];
  for (const { name, sent, message } of cases) {
    it(`${name} is refused`, () => expect(() => parsePod(sent)).to.throw(SchemaViolation, message));
  }
});

describe('a claim', () => {
  it('is read as it was sent', () => {
    const sent = volume('2.5.5');
    expect(parsePersistentVolumeClaim(sent)).to.equal(sent);
  });

  it('whose stamp is a number is refused', () => {
    const sent = { metadata: { annotations: { 'rollguard.io/openbao-version': 2 } } };
    expect(() => parsePersistentVolumeClaim(sent)).to.throw(SchemaViolation, /must be string/);
  });
});
