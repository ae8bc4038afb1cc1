import { visible } from '../terminal.ts';
import { activity, stateWord, step, votes } from './headline.ts';
import type { ClusterView } from './view.ts';

/** One line on where a cluster is, without ages: another line means that something changed. */
export function progressLine(view: ClusterView): string {
  const { object, upgrade, waitingFor, leader, replicas, error } = view;
  return visible(
    [
      `${object.namespace}/${object.name}`,
      activity(view),
      stateWord(view),
      upgrade?.strategy === 'RollingUpdate' ? `pods ${upgrade.completedPods}/${upgrade.totalPods}` : '',
      step(view),
      votes(upgrade) === '' ? '' : `votes ${votes(upgrade)}`,
      waitingFor === undefined ? '' : `waiting: ${waitingFor}`,
      upgrade === undefined && replicas.ready !== undefined
        ? `ready ${replicas.ready}/${replicas.wanted}`
        : '',
      leader === undefined ? '' : `leader ${leader}`,
      error === undefined ? '' : `${error.reason}: ${error.message}`,
    ]
      .filter((part) => part !== '')
      .join('  '),
  );
}
