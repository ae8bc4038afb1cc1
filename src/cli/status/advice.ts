import { isBeforeFirstLook } from '../../api/fields.ts';
import { clusterLabel, componentLabel, components } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { isUnopened } from '../../core/model/target-starts.ts';
import { timestamp } from '../../core/model/time.ts';
import { diagnosis, membersLook, type Look } from '../../core/upgrade/rolling/diagnosis.ts';
import type { AwaitedRequest } from '../../core/upgrade/bluegreen/awaited.ts';
import { condition, isDown, isUnseen, pendingRequest, stateOf } from './state.ts';
import type { UpgradeView } from './upgrade.ts';

/** What a person is to do now, or may do. */
export interface Advice {
  /** Whether nothing goes on before it is done. */
  readonly needed: boolean;
  /** A clause: what it is for. */
  readonly why: string;
  /** For a shell, with nothing left to fill in; absent where only a person can say what. */
  readonly command?: string;
}

/** How the commands call kubectl: with the kubeconfig that was named here, if one was. */
export interface Kubectl {
  readonly kubeconfig?: string | undefined;
}

/**
 * What to do about a cluster, the most urgent first.
 *
 * @param now milliseconds since the epoch; a retry is asked for with this time as its value
 */
export function adviceOn(
  cluster: OpenBaoCluster,
  upgrade: UpgradeView | undefined,
  now: number,
  kubectl: Kubectl,
): readonly Advice[] {
  const state = stateOf(cluster);
  if (state === 'deleting') return [];
  const commands = commandsFor(cluster, kubectl);
  const advice = [
    ...incident(cluster, commands),
    ...(state === 'held' ? hold(cluster, upgrade, now, commands) : []),
    ...(state === 'awaiting' ? awaited(upgrade, now, commands) : []),
    ...paused(cluster, state === 'paused', commands),
    ...rollback(cluster, upgrade, now, commands),
    ...(isUnseen(cluster) ? [unseen(cluster, commands)] : []),
    ...(state === 'degraded' || (state !== 'held' && isDown(cluster)) ? [degraded(cluster, commands)] : []),
  ];
  return advice.length > 0 || state !== 'settled' ? advice : restart(cluster, now, commands);
}

interface Commands {
  readonly patch: (spec: object) => string;
  readonly run: (words: string) => string;
  /** A command of the status, called in the same way. */
  readonly own: (line: string) => string;
}

function commandsFor(
  { metadata: { name = '', namespace = '' } }: OpenBaoCluster,
  { kubeconfig }: Kubectl,
): Commands {
  const kubectl = [
    'kubectl',
    ...(kubeconfig === undefined ? [] : [`--kubeconfig ${quoted(kubeconfig)}`]),
  ].join(' ');
  return {
    patch: (spec) =>
      `${kubectl} patch openbaocluster ${name} -n ${namespace} --type merge -p ${quoted(JSON.stringify({ spec }))}`,
    run: (words) => `${kubectl} ${words}`,
    // A function, for a path may hold what a replacement text gives a meaning to.
    own: (line) => line.replace(/^kubectl (?=\S)/, () => `${kubectl} `),
  };
}

/** A word of a shell. */
const quoted = (text: string) =>
  /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

function incident({ spec, status }: OpenBaoCluster, { patch }: Commands): readonly Advice[] {
  const { active, nonce, reason } = status?.breakGlass ?? {};
  if (active !== true) return [];
  const why = `repair what stopped automation${reason === undefined ? '' : ` (${reason})`}, then acknowledge this incident`;
  if (nonce === undefined) return [{ needed: true, why: `${why}: its nonce is not in the status yet` }];
  // In one change with the end of a pause that was for the repair (specification, page 000).
  const resumed = spec.paused === true ? { paused: false } : {};
  return [{ needed: true, why, command: patch({ ...resumed, breakGlassAck: nonce }) }];
}

/** What a request that is waited for lets happen. */
const awaitedWhy: Readonly<Record<AwaitedRequest, string>> = {
  promote: 'the green members are in sync: move votes and leadership to them',
  cleanup:
    'a green member leads: route clients to the green pods and remove the blue pods, after which only a restore leads back',
};

function awaited(upgrade: UpgradeView | undefined, now: number, { patch }: Commands): readonly Advice[] {
  const request = upgrade?.strategy === 'BlueGreen' ? upgrade.awaits : undefined;
  if (request === undefined) return [];
  const command = patch({ upgrade: { requests: { [request]: timestamp(now) } } });
  return [{ needed: true, why: awaitedWhy[request], command }];
}

/** The way back from a blue-green upgrade, as long as there is one. */
function rollback(
  cluster: OpenBaoCluster,
  upgrade: UpgradeView | undefined,
  now: number,
  { patch }: Commands,
): readonly Advice[] {
  if (upgrade?.strategy !== 'BlueGreen' || pendingRequest(cluster) === 'rollback') return [];
  const { stage, from = 'the previous version', noReturnForMs, isInPlace } = upgrade;
  if ((stage !== 'early' && stage !== 'late') || noReturnForMs !== undefined) return [];
  const limit = isInPlace ? 'a green member leads' : 'Cleanup';
  const command = patch({ upgrade: { requests: { rollback: timestamp(now) } } });
  return [{ needed: false, why: `roll back to ${from}, which is possible until ${limit}`, command }];
}

/** The status says the way back in words only: the command is made here. */
function rejected({ spec, status }: OpenBaoCluster, { patch }: Commands, now: number): readonly Advice[] {
  const { currentVersion: version = '', image, blueGreen } = status ?? {};
  // An image that names the target's version would be refused beside the old one.
  const restored = spec.image === undefined || image === undefined ? {} : { image };
  return [
    {
      needed: true,
      why: `keep ${version}: ${blueGreen?.rejectedTarget?.version ?? 'the target'} was removed completely`,
      command: patch({ version, ...restored }),
    },
    {
      needed: false,
      why: 'or, once it is fixed, retry it',
      command: patch({ upgrade: { requests: { retry: timestamp(now) } } }),
    },
  ];
}

/** A remedy of the status as a clause. */
export const clauseOf = (remedy: string): string => `${remedy.charAt(0).toLowerCase()}${remedy.slice(1)}`;

/** What the status itself says is to be done. */
function remedied({ status }: OpenBaoCluster, { own }: Commands): readonly Advice[] {
  const { remedy, commands = [] } = status?.lastErrorDetails ?? {};
  if (remedy === undefined) return [];
  const isWithCommand = commands.some(({ purpose }) => purpose === undefined);
  return [
    ...(isWithCommand ? [] : [{ needed: true, why: clauseOf(remedy) }]),
    ...commands.map(({ purpose, line }) => ({
      needed: purpose === undefined,
      why: purpose ?? clauseOf(remedy),
      command: own(line),
    })),
  ];
}

function hold(
  cluster: OpenBaoCluster,
  upgrade: UpgradeView | undefined,
  now: number,
  commands: Commands,
): readonly Advice[] {
  const { metadata, status } = cluster;
  const reason = condition(cluster, 'Stalled')?.reason ?? status?.lastErrorReason ?? '';
  if (reason === 'TargetRejected') return rejected(cluster, commands, now);
  const back = forbidden(cluster, reason, commands);
  if (back !== undefined) return [back];
  if (status?.breakGlass?.active === true) return [];
  if (upgrade?.held === true || status?.scaling?.held === true) {
    const retry = commands.patch({ upgrade: { requests: { retry: timestamp(now) } } });
    const looks = looksAt(cluster, upgrade, reason);
    return [
      ...looks.map(({ why, words }) => ({ needed: true, why, command: commands.run(words) })),
      { needed: true, why: retryWhy[reason] ?? 'fix what it says, then try again', command: retry },
      ...wayBack(cluster, upgrade, commands),
    ];
  }
  const told = remedied(cluster, commands);
  if (told.length > 0) return told;
  const { name = '', namespace = '' } = metadata;
  const describe = commands.run(`describe openbaocluster ${name} -n ${namespace}`);
  return [{ needed: true, why: 'follow the message; this shows the whole status', command: describe }];
}

/** What a retry does where it is not what one would think. */
const retryWhy: Readonly<Record<string, string>> = {
  HookOutcomeUnknown: 'see what the hook did; if it may run again, retry',
};

/** Where to look first. */
function looksAt(cluster: OpenBaoCluster, upgrade: UpgradeView | undefined, reason: string): readonly Look[] {
  const { status, metadata } = cluster;
  const { namespace = '' } = metadata;
  if (status?.upgrade?.held === true) return diagnosis(cluster, status.upgrade, reason);
  if (upgrade?.strategy !== 'BlueGreen') return [];
  const { lastJobFailure } = upgrade;
  const ofJob =
    lastJobFailure === undefined
      ? []
      : [{ why: 'see the log of the failed Job', words: `logs -n ${namespace} job/${lastJobFailure}` }];
  return [...ofJob, ...membersLook(cluster)];
}

/** What spec asks for is refused, and a retry would be refused again: back to what may run. */
function forbidden(
  { spec, status }: OpenBaoCluster,
  reason: string,
  { patch }: Commands,
): Advice | undefined {
  const { upgrade } = status ?? {};
  if (upgrade?.held !== true || (reason !== 'DowngradeBlocked' && reason !== 'PolicyViolation'))
    return undefined;
  const started = upgrade.targetStarted === true;
  const version = started ? upgrade.targetVersion : upgrade.fromVersion;
  const image = started ? upgrade.targetImage : upgrade.fromImage;
  if (version === undefined) return undefined;
  return {
    needed: true,
    why: started
      ? `return to ${version}, which has run on this data; or set a version that the rule allows`
      : `cancel the upgrade: nothing but ${version} has started; or set a version that the rule allows`,
    command: patch({ version, ...(spec.image === undefined || image === undefined ? {} : { image }) }),
  };
}

/** Giving an upgrade up, as long as its target has opened no data. */
function wayBack(
  { spec, status }: OpenBaoCluster,
  upgrade: UpgradeView | undefined,
  { patch }: Commands,
): readonly Advice[] {
  if (status?.upgrade?.held !== true || upgrade?.kind !== 'upgrade') return [];
  const hasOpened = !isUnopened(status.upgrade);
  if (upgrade.strategy === 'RollingUpdate' && upgrade.started && hasOpened) return [];
  const { from, to = 'the target' } = upgrade;
  if (from === undefined) return [];
  // An image that names the target's version would be refused beside the old one.
  const { fromImage } = status.upgrade;
  const image = spec.image === undefined || fromImage === undefined ? {} : { image: fromImage };
  const command = patch({ version: from, ...image });
  const why = hasOpened ? `no pod has run ${to} yet` : `${to} has opened no data`;
  return [{ needed: false, why: `or cancel the upgrade: ${why}`, command }];
}

function paused(
  { spec, status }: OpenBaoCluster,
  isWaiting: boolean,
  { patch }: Commands,
): readonly Advice[] {
  // An acknowledgement ends the pause as well.
  if (spec.paused !== true || status?.breakGlass?.active === true) return [];
  const isStopped = status?.upgrade?.held === true || status?.blueGreen?.held === true;
  const what = isWaiting
    ? 'the cluster is paused; resume it'
    : 'the cluster is paused; no new step would start';
  return [{ needed: isWaiting && !isStopped, why: what, command: patch({ paused: false }) }];
}

function unseen({ status }: OpenBaoCluster, { run }: Commands): Advice {
  const what = isBeforeFirstLook(status)
    ? 'no controller has written a status yet'
    : 'the controller has not observed the newest spec yet';
  return {
    needed: false,
    why: `${what}; if this persists, check the controller`,
    command: run('get pods,lease -n rollguard-system'),
  };
}

function degraded(cluster: OpenBaoCluster, { run }: Commands): Advice {
  const { name = '', namespace = '' } = cluster.metadata;
  const needed = isDown(cluster);
  return {
    needed,
    why: needed
      ? 'the cluster is not available; see the state of its pods'
      : 'no operation is in progress, but the cluster is not Ready; see the state of its pods',
    command: run(
      `describe pods -n ${namespace} -l ${clusterLabel}=${name},${componentLabel}=${components.server}`,
    ),
  };
}

function restart({ status }: OpenBaoCluster, now: number, { patch }: Commands): readonly Advice[] {
  if (status?.pendingRestart !== true) return [];
  return [
    {
      needed: false,
      why: 'its pods run an older template; the next upgrade applies the new one, or a rolling restart does so now',
      command: patch({ maintenance: { restartAt: timestamp(now) } }),
    },
  ];
}
