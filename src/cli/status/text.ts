import { clauseOf } from './advice.ts';
import { omit } from '../../api/object-fields.ts';
import { inWords } from '../../core/model/explanation.ts';
import { visible, type Paint, type Style } from '../terminal.ts';
import { shortDuration, sizeText } from './duration.ts';
import type { BlueGreenView } from './blue-green.ts';
import { activity, isGoingBack, stateWord, step, symbols, votes } from './headline.ts';
import type { PodView } from './pods.ts';
import type { State } from './state.ts';
import { table } from './table.ts';
import type { UpgradeView } from './upgrade.ts';
import type { ClusterView } from './view.ts';

/** For people: where it is, what it waits for, its pods, and what to do now. */
export function toText(view: ClusterView, paint: Paint): string {
  const lines = [
    headline(view, paint),
    ...milestoneLine(view, paint),
    ...facts(view).map(([name, text]) => `  ${paint('dim', name.padEnd(11))}${text}`),
    ...errorLines(view, paint),
    ...incidentSteps(view, paint),
    '',
    ...podTable(view, paint).map((line) => `  ${line}`),
    ...(view.podsUnknown === undefined
      ? []
      : [`  ${paint('yellow', '!')} pods as the status knows them: ${visible(view.podsUnknown)}`]),
    ...adviceLines(view, paint),
  ];
  return `${lines.join('\n')}\n`;
}

const styles: Readonly<Record<State, Style>> = {
  settled: 'green',
  progressing: 'bold',
  degraded: 'yellow',
  paused: 'yellow',
  awaiting: 'yellow',
  held: 'red',
  deleting: 'yellow',
};

function headline(view: ClusterView, paint: Paint): string {
  const { object, state, upgrade, scaling } = view;
  const word = stateWord(view);
  const running = upgrade?.runningForMs ?? scaling?.runningForMs;
  return [
    `${paint(styles[state], symbols[state])} ${paint('bold', visible(`${object.namespace}/${object.name}`))}`,
    visible(activity(view)),
    ...(word === '' ? [] : [paint(styles[state], word)]),
    ...(running === undefined ? [] : [`for ${shortDuration(running)}`]),
  ].join('  ');
}

function milestoneLine({ milestones, state: of }: ClusterView, paint: Paint): readonly string[] {
  if (milestones.length === 0) return [];
  const present = (name: string) => (of === 'held' ? paint('red', `✗ ${name}`) : paint('bold', `▸ ${name}`));
  const shown = milestones.map(({ name, state }) => {
    if (state === 'done') return `${paint('green', '✓')} ${name}`;
    return state === 'now' ? present(name) : paint('dim', `· ${name}`);
  });
  return [`  ${shown.join('   ')}`];
}

/** Name and text of each line below the headline. */
function facts(view: ClusterView): readonly (readonly [string, string])[] {
  const { breakGlass, maintenance, paused, upgrade } = view;
  const blueGreen = upgrade?.strategy === 'BlueGreen' ? upgrade : undefined;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['now', nowText(view)],
    ['waiting', view.waitingFor],
    ['mixed', mixedText(view)],
    ['votes', votes(upgrade)],
    ['way back', blueGreen && wayBackText(blueGreen, breakGlass !== undefined)],
    ['failed', blueGreen && failedText(blueGreen)],
    [
      'incident',
      breakGlass &&
        joined([breakGlass.reason, lasting(breakGlass.forMs), `nonce ${breakGlass.nonce ?? '?'}`]),
    ],
    ['wanted', wantedText(view)],
    ['ready', readyText(view)],
    ['leader', leaderText(view)],
    ['snapshot', snapshotText(view)],
    [
      'switches',
      joined([maintenance ? 'maintenance: pods may be deleted manually' : '', paused ? 'paused' : '']),
    ],
  ];
  return lines.flatMap(([name, text]) =>
    text === undefined || text === '' ? [] : [[name, visible(text)] as const],
  );
}

const joined = (parts: readonly (string | undefined)[]) =>
  parts.filter((part) => part !== undefined && part !== '').join(', ');

const lasting = (milliseconds: number | undefined) =>
  milliseconds === undefined ? undefined : `for ${shortDuration(milliseconds)}`;

/** What a failure leads to. */
const consequences: Readonly<Record<UpgradeView['onFailure'], string>> = {
  hold: 'stops for a person',
  rollback: 'rolls back by itself',
  'break-glass': 'break glass',
  stop: 'stops',
};

function nowText(view: ClusterView): string {
  const { upgrade, scaling } = view;
  const failsIn = upgrade?.failsInMs ?? scaling?.holdsInMs;
  const doing = step(view);
  if (doing === '') return '';
  const then = consequences[upgrade?.onFailure ?? 'hold'];
  return joined([
    doing,
    lasting(upgrade?.phaseForMs),
    failsIn === undefined
      ? undefined
      : failsIn < 0
        ? 'its time is up'
        : `${then} in ${shortDuration(failsIn)}`,
  ]);
}

const since = (milliseconds: number | undefined) => lasting(milliseconds) ?? 'now';

/** What clients meet while members of versions across 2.6 run together. */
const mixedText = ({ conditions }: ClusterView): string | undefined =>
  conditions.find(({ type, status }) => type === 'MixedVersions' && status === 'True')?.message;

/** What is left of the way back, and what is past (Crossing, PointOfNoReturn). */
function wayBackText(view: BlueGreenView, isStopped: boolean): string {
  const { stage, crossingForMs, noReturnForMs, rollback, to = '', isInPlace } = view;
  const restore = `only by a restore: past the point of no return ${since(noReturnForMs)}`;
  const limit = isInPlace ? 'a green member leads' : 'Cleanup';
  const texts: Readonly<Record<BlueGreenView['stage'], string>> = {
    checks: 'nothing was changed',
    early: 'a rollback has no impact: the green members have no votes, the blue members are unchanged',
    late:
      noReturnForMs === undefined
        ? `crossing to ${to} ${since(crossingForMs)}; a rollback is possible until ${limit}`
        : restore,
    cleanup: restore,
    back: joined([
      isStopped ? 'stopped' : `in progress ${since(rollback?.forMs)}`,
      rollback?.reason,
      rollback === undefined || rollback.attempts === 0 ? '' : `attempt ${rollback.attempts + 1}`,
    ]),
  };
  return texts[stage];
}

function failedText({ jobFailures, lastJobFailure }: BlueGreenView): string {
  if (lastJobFailure === undefined) return '';
  return joined([`Job ${lastJobFailure}`, jobFailures === 0 ? '' : `${jobFailures} in this phase`]);
}

/** During a blue-green upgrade the status counts the half that clients are sent to. */
function readyText({ replicas: { ready, wanted }, upgrade }: ClusterView): string | undefined {
  if (ready === undefined) return undefined;
  const hasHalves = upgrade?.strategy === 'BlueGreen' && upgrade.stage !== 'checks';
  return `${ready} of ${wanted}${hasHalves ? ' of the active pods' : ''}`;
}

/** Said when the upgrade under way, or no upgrade, leads to what the spec asks for. */
function wantedText({ version, upgrade }: ClusterView): string | undefined {
  const leadsTo = upgrade?.kind === 'upgrade' && !isGoingBack(upgrade) ? upgrade.to : version.current;
  return leadsTo === undefined || leadsTo === version.wanted.replace(/^v/, '') ? undefined : version.wanted;
}

function leaderText({ leader, upgrade }: ClusterView): string | undefined {
  if (upgrade === undefined) return leader;
  const { leadershipChanges: changes } = upgrade;
  const stepDowns = upgrade.strategy === 'BlueGreen' ? 0 : upgrade.stepDowns;
  return joined([
    leader ?? 'none seen',
    `${changes} ${changes === 1 ? 'change' : 'changes'} since the start`,
    stepDowns === 0 ? '' : `${stepDowns} requested`,
  ]);
}

function snapshotText({ snapshot }: ClusterView): string | undefined {
  if (snapshot === undefined) return undefined;
  const { name, sizeBytes, ageMs, version } = snapshot;
  return joined([
    name,
    sizeBytes === undefined ? '' : sizeText(sizeBytes),
    version === undefined ? '' : `of ${version}`,
    ageMs === undefined ? '' : `${shortDuration(ageMs)} old`,
  ]);
}

/** Without what is said below: twice it would only be longer. */
function messageOf({ error, next }: ClusterView): string {
  const { reason = '', message: whole = '', details } = error ?? {};
  const areCommandsBelow = next.some(({ needed, command }) => needed && command !== undefined);
  const remedy = clauseOf(details?.remedy ?? '');
  const isRemedyBelow = remedy !== '' && next.some(({ why }) => why === remedy);
  const left = details && (isRemedyBelow ? omit(details, 'remedy', 'commands') : omit(details, 'commands'));
  const message = left !== undefined && (areCommandsBelow || isRemedyBelow) ? inWords(left) : whole;
  return message.startsWith(`${reason}: `) ? message.slice(reason.length + 2) : message;
}

function errorLines(view: ClusterView, paint: Paint): readonly string[] {
  const { error, state } = view;
  if (error === undefined) return [];
  const mark = state === 'held' ? paint('red', '✗') : paint('yellow', '!');
  return [`  ${mark} ${paint('bold', visible(error.reason))}  ${visible(messageOf(view))}`.trimEnd()];
}

/** What the status says is to be done about an incident, without the acknowledgement: that is said below. */
function incidentSteps({ breakGlass, next }: ClusterView, paint: Paint): readonly string[] {
  const isSaidBelow = next.some(({ command }) => command?.includes('"breakGlassAck"') === true);
  const steps = (breakGlass?.steps ?? []).filter((text) => !isSaidBelow || !text.includes('"breakGlassAck"'));
  return steps.map((text, index) => `    ${paint('dim', `${index + 1}.`)} ${visible(text)}`);
}

function podTable({ pods }: ClusterView, paint: Paint): readonly string[] {
  const hasHalves = pods.some(({ half }) => half !== undefined);
  const header = ['POD', ...(hasHalves ? ['HALF'] : []), 'VERSION', 'ROLE', 'READY', 'CAUGHT UP', ''];
  return table([
    header.map((title) => (title === '' ? '' : paint('dim', title))),
    ...pods.map((pod) => podRow(pod, hasHalves, paint)),
  ]);
}

function podRow(
  { name, half, version = '-', role, ready, caughtUp, doing }: PodView,
  hasHalves: boolean,
  paint: Paint,
): readonly string[] {
  const yesNo = (value: boolean | undefined) =>
    value === undefined ? '-' : value ? paint('green', 'yes') : paint('yellow', 'no');
  const shownRole = role === 'leader' ? paint('bold', role) : (role ?? '-');
  return [
    visible(name),
    ...(hasHalves ? [half ?? '-'] : []),
    visible(version),
    shownRole,
    yesNo(ready),
    yesNo(caughtUp),
    visible(doing),
  ];
}

function adviceLines({ next }: ClusterView, paint: Paint): readonly string[] {
  return next.flatMap(({ needed, why, command }) => [
    '',
    `  ${needed ? paint('yellow', 'now:') : paint('dim', 'can:')} ${visible(why)}`,
    ...(command === undefined ? [] : [`    ${paint('bold', visible(command))}`]),
  ]);
}
