import { expect } from 'chai';
import { lastWords, startupFailure } from '../../../src/core/model/startup-failure.ts';
import { serverPod } from '../../support/observation.ts';

const ended = (message: string, given: object = {}) => ({
  exitCode: 1,
  startedAt: '2026-01-02T03:04:05Z',
  finishedAt: '2026-01-02T03:04:14Z',
  message,
  ...given,
});

describe('why OpenBao did not start (V2)', () => {
  for (const [fault, words] of [
    ['seal', 'Error configuring seal "transit": error unwrapping: Code: 403'],
    ['seal', 'Error parsing Seal configuration: unknown KMS type "x"'],
    ['seal', 'Error configuring seal "x": unknown wrapper: x'],
    ['seal', 'two seals provided but neither is disabled'],
    ['seal', 'this build of OpenBao has PKCS#11 disabled'],
    ['plugin', 'plugin directory not configured'],
    ['plugin', 'expand plugin directory: lstat /x: no such file or directory'],
    ['plugin', 'error while validating the command path: lstat /x'],
    ['self-initialization', 'self-initialization failed: refusing to unseal'],
  ] as const) {
    it(`is a ${fault} fault: ${words}`, () => {
      const message = `WARNING! something\n${words}\n\n`;
      expect(startupFailure(ended(message))).to.deep.equal({ fault, words });
    });
  }

  const seal = 'Error configuring seal "x": unknown wrapper: x';
  for (const [why, end] of [
    ['it says nothing of the kind', ended('panic: runtime error')],
    ['it says nothing at all', ended('')],
    ['it was unsealed before', ended(`core: vault is unsealed\n${seal}`)],
    ['it ran for long', ended(seal, { finishedAt: '2026-01-02T03:06:05Z' })],
    ['it is not known for how long it ran', ended(seal, { startedAt: undefined })],
    ['it was killed', ended(seal, { exitCode: 137 })],
  ] as const) {
    it(`is not known where ${why}`, () => expect(startupFailure(end)).to.equal(undefined));
  }

  it('is told in one line of what can be shown, and no longer than a message may be', () => {
    const pod = serverPod(0, { waiting: 'CrashLoopBackOff' });
    const withEnd = (message: string) => ({
      ...pod,
      status: {
        ...pod.status,
        containerStatuses: (pod.status?.containerStatuses ?? []).map((each) => ({
          ...each,
          lastState: { terminated: ended(message) },
        })),
      },
    });
    expect(lastWords(withEnd(`a\n${seal}\nb`))).to.equal(`a seal fault: ${seal}`);
    expect(lastWords(withEnd('a\nb\n'))).to.equal('its last words: b');
    expect(lastWords(withEnd('x'.repeat(9_000)))).to.have.length.below(330);
    expect(lastWords(withEnd(''))).to.equal(undefined);
    expect(lastWords(serverPod(0))).to.equal(undefined);
  });
});
