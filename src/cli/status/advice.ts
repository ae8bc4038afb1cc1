import { clusterLabel, componentLabel, components } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { timestamp } from '../../core/time.ts';
import { names, serverContainer } from '../../core/workload/names.ts';
import { isUnseen, stateOf } from './state.ts';
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
    ...paused(cluster, state === 'paused', commands),
    ...(isUnseen(cluster) ? [unseen(cluster, commands)] : []),
    ...(state === 'degraded' ? [degraded(cluster, commands)] : []),
  ];
  return advice.length > 0 || state !== 'settled' ? advice : restart(cluster, now, commands);
}

interface Commands {
  readonly patch: (spec: object) => string;
  readonly run: (words: string) => string;
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
  };
}

/** A word of a shell. */
const quoted = (text: string) =>
  /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

function incident({ status }: OpenBaoCluster, { patch }: Commands): readonly Advice[] {
  const { active, nonce, reason } = status?.breakGlass ?? {};
  if (active !== true) return [];
  const why = `repair what stopped the automation${reason === undefined ? '' : ` (${reason})`}, then acknowledge this incident`;
  if (nonce === undefined) return [{ needed: true, why: `${why}: its nonce is not in the status yet` }];
  return [{ needed: true, why, command: patch({ breakGlassAck: nonce }) }];
}

function hold(
  cluster: OpenBaoCluster,
  upgrade: UpgradeView | undefined,
  now: number,
  commands: Commands,
): readonly Advice[] {
  const { metadata, spec, status } = cluster;
  const { name = '', namespace = '' } = metadata;
  const parts = names(name);
  if (status?.lastErrorReason === 'SelfInitRequired') {
    return [
      {
        needed: true,
        why: 'initialise it, keep what this prints, and set up auth/jwt-operator with the roles of Rollguard',
        command: commands.run(
          `exec -n ${namespace} ${parts.pod(0)} -c ${serverContainer} -- bao operator init`,
        ),
      },
    ];
  }
  if (status?.lastErrorReason === 'UnsealKeyMissing') {
    return [
      {
        needed: true,
        why: `put the Secret ${parts.unsealKey} back from your backup; without it the data cannot be read, and no new key would open it`,
        command: commands.run(`get secret ${parts.unsealKey} -n ${namespace}`),
      },
    ];
  }
  const retry = commands.patch({ upgrade: { requests: { retry: timestamp(now) } } });
  const advice: Advice[] = [];
  if (status?.upgrade?.held === true || status?.scaling?.held === true)
    advice.push({ needed: true, why: 'mend what it says, then try again', command: retry });
  if (
    status?.upgrade?.held === true &&
    upgrade?.kind === 'upgrade' &&
    !upgrade.started &&
    upgrade.from !== undefined
  ) {
    // An image that names the target's version would be refused beside the old one.
    const image =
      spec.image === undefined || status.upgrade.fromImage === undefined
        ? {}
        : { image: status.upgrade.fromImage };
    advice.push({
      needed: false,
      why: `or give it up: no pod has run ${upgrade.to ?? 'the target'} yet`,
      command: commands.patch({ version: upgrade.from, ...image }),
    });
  }
  const stalled = status?.conditions?.find(({ type, status: is }) => type === 'Stalled' && is === 'True');
  if (advice.length === 0 && status?.breakGlass?.active !== true) {
    advice.push({
      needed: true,
      why: stalled?.message ?? status?.lastErrorMessage ?? 'look at what happened',
      command: commands.run(`describe openbaocluster ${name} -n ${namespace}`),
    });
  }
  return advice;
}

function paused(
  { spec, status }: OpenBaoCluster,
  isWaiting: boolean,
  { patch }: Commands,
): readonly Advice[] {
  if (spec.paused !== true) return [];
  const what = isWaiting ? 'it is paused; let it go on' : 'it is paused; nothing new would start';
  return [
    { needed: isWaiting && status?.upgrade?.held !== true, why: what, command: patch({ paused: false }) },
  ];
}

function unseen({ status }: OpenBaoCluster, { run }: Commands): Advice {
  const what =
    status === undefined
      ? 'no controller has written a status yet'
      : 'the controller has not seen the newest spec yet';
  return {
    needed: false,
    why: `${what}; if that stays, look at the controller`,
    command: run('get pods,lease -n rollguard-system'),
  };
}

function degraded({ metadata: { name = '', namespace = '' } }: OpenBaoCluster, { run }: Commands): Advice {
  return {
    needed: false,
    why: 'nothing is under way, but it is not Ready; see what its pods say',
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
      why: 'its pods run an older template; the next upgrade brings the new one, or a restart of one pod after another now',
      command: patch({ maintenance: { restartAt: timestamp(now) } }),
    },
  ];
}
