import { expect } from 'chai';
import type { ContainerStatus, Pod } from '../../../src/api/kubernetes.ts';
import { isKnownUnopened, targetStarts } from '../../../src/core/model/target-starts.ts';
import { serverPod } from '../../support/observation.ts';

const refused = {
  terminated: {
    exitCode: 1,
    startedAt: '2026-01-02T03:04:05Z',
    finishedAt: '2026-01-02T03:04:06Z',
    message: 'Error configuring seal "x": unknown wrapper: x',
  },
};
const crashed = { terminated: { ...refused.terminated, message: 'panic' } };
const backOff = { waiting: { reason: 'CrashLoopBackOff' } };
const running = { running: {} };

function pod(
  restartCount: number,
  state: ContainerStatus['state'] & object,
  lastState?: ContainerStatus['lastState'],
): Pod {
  const made = serverPod(2, { uid: 'a', ready: false });
  const status = { name: 'openbao', restartCount, state, ...(lastState === undefined ? {} : { lastState }) };
  return { ...made, status: { ...made.status, containerStatuses: [status] } };
}

const of = (starts: number, more: object = {}) => ({ podUID: 'a', starts, ...more });

describe('whether a target has opened the data of its first pod (V2)', () => {
  for (const [what, given, opened, unopened] of [
    [
      'it was never started',
      [pod(0, { waiting: { reason: 'ImagePullBackOff' } }), undefined, undefined],
      false,
      undefined,
    ],
    ['its first start runs and says nothing', [pod(0, running), undefined, undefined], undefined, of(0)],
    ['its first start runs sealed', [pod(0, running), true, undefined], false, of(0, { sealed: true })],
    ['its first start is unsealed', [pod(0, running), false, undefined], true, undefined],
    ['its first start ended before the data', [pod(0, refused), undefined, undefined], false, of(1)],
    ['its first start ended otherwise', [pod(0, crashed), undefined, undefined], true, undefined],
    ['two starts ended, both to be seen', [pod(1, refused, refused), undefined, undefined], false, of(2)],
    [
      'two starts ended, the first otherwise',
      [pod(1, refused, crashed), undefined, undefined],
      true,
      undefined,
    ],
    [
      'two starts ended, one of them unseen',
      [pod(1, backOff, refused), undefined, undefined],
      true,
      undefined,
    ],
    ['two starts ended, one of them seen before', [pod(1, backOff, refused), undefined, of(1)], false, of(2)],
    ['nothing has happened since', [pod(1, backOff, refused), undefined, of(2)], false, of(2)],
    ['it runs again after one that was seen', [pod(1, running, refused), undefined, of(0)], undefined, of(1)],
    [
      'it ran sealed, and ended otherwise',
      [pod(0, crashed), undefined, of(0, { sealed: true })],
      true,
      undefined,
    ],
    [
      'another pod was there before',
      [pod(0, refused), undefined, { podUID: 'b', starts: 1 }],
      true,
      undefined,
    ],
    ['the kubelet counts fewer starts than were seen', [pod(0, refused), undefined, of(3)], true, undefined],
    ['the kubelet has forgotten its starts', [pod(0, backOff), undefined, of(1)], true, undefined],
    ['it was forgotten, and runs sealed', [pod(0, running), true, of(2)], true, undefined],
    ['it is Ready, whatever it answers', [serverPod(2, { uid: 'a' }), undefined, undefined], true, undefined],
  ] as const) {
    it(`${opened === undefined ? 'is not known' : opened ? 'may be' : 'is not so'} where ${what}`, () => {
      const judged = targetStarts(...(given as unknown as Parameters<typeof targetStarts>));
      expect(judged.opened).to.equal(opened);
      expect(judged.unopened).to.deep.equal(unopened);
    });
  }

  it('is told to the gate by what was remembered, and by nothing else', () => {
    expect(isKnownUnopened(pod(1, backOff, refused), { unopened: of(1) })).to.equal(true);
    expect(isKnownUnopened(pod(0, running), { unopened: of(0, { sealed: true }) })).to.equal(true);
    expect(isKnownUnopened(pod(0, running), { unopened: of(0) })).to.equal(false);
    expect(isKnownUnopened(pod(0, refused), {})).to.equal(false);
    expect(isKnownUnopened(pod(1, backOff, refused), { unopened: of(1), targetStarted: true })).to.equal(
      false,
    );
  });
});
