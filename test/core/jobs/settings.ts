import { defaultDeadlines, type ControllerSettings } from '../../../src/core/model/decision.ts';

export const settings: ControllerSettings = {
  imageRepository: 'openbao/openbao',
  executorImage: 'rollguard:test',
  controller: { namespace: 'rollguard-system', serviceAccount: 'rollguard-controller' },
  deadlines: defaultDeadlines,
  pollMs: 1000,
  idlePollMs: 60_000,
};
