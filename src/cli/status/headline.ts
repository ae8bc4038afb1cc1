import type { State } from './state.ts';
import type { UpgradeView } from './upgrade.ts';
import type { ClusterView } from './view.ts';

export const symbols: Readonly<Record<State, string>> = {
  settled: '✓',
  progressing: '◌',
  degraded: '!',
  paused: '‖',
  awaiting: '?',
  held: '✗',
  deleting: '◌',
};

/** What it does, in a few words: `Upgrading 2.5.5 → 2.6.2`, `Running 2.6.2`. */
export function activity({ phase, upgrade, scaling, version }: ClusterView): string {
  if (upgrade !== undefined) {
    const { kind, from = '?', to = '?' } = upgrade;
    if (isGoingBack(upgrade)) return `Rolling back ${to} → ${from}`;
    if (kind === 'restart') return `Restarting ${to}`;
    return `${kind === 'image' ? 'Changing image' : 'Upgrading'} ${from} → ${to}`;
  }
  if (scaling !== undefined) return `Scaling ${scaling.from ?? '?'} → ${scaling.to ?? '?'}`;
  const { current, wanted } = version;
  return current === undefined ? `${phase ?? 'Waiting'} ${wanted}` : `${phase ?? 'Running'} ${current}`;
}

/** Where an upgrade or a change of size is: `Replacing prod-1`. Empty when nothing is under way. */
export function step({ upgrade, scaling }: ClusterView): string {
  if (upgrade === undefined) return scaling?.step ?? '';
  const pods = upgrade.strategy === 'BlueGreen' ? '' : upgrade.pods.join(', ');
  return [upgrade.phase ?? '', pods].filter((text) => text !== '').join(' ');
}

/** Whether a blue-green upgrade is on its way back. */
export const isGoingBack = (upgrade: UpgradeView): boolean =>
  upgrade.strategy === 'BlueGreen' && upgrade.stage === 'back';

/** Who votes, while votes move from one half to the other: `2 blue, 1 green`. Empty otherwise. */
export function votes(upgrade: UpgradeView | undefined): string {
  if (upgrade?.strategy !== 'BlueGreen' || upgrade.votes === undefined) return '';
  return `${upgrade.votes.blue} blue, ${upgrade.votes.green} green`;
}

/** Words for the state where the activity does not say it already; empty otherwise. */
export function stateWord({ state, breakGlass }: ClusterView): string {
  if (state === 'held') return breakGlass === undefined ? 'held' : 'break glass';
  if (state === 'awaiting') return 'waits for you';
  return state === 'paused' || state === 'degraded' || state === 'deleting' ? state : '';
}
