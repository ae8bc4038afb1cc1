import { visible, type Paint, type Style } from '../terminal.ts';
import { shortDuration, sizeText } from './duration.ts';
import { activity, stateWord, step, symbols } from './headline.ts';
import type { PodView } from './pods.ts';
import type { State } from './state.ts';
import { table } from './table.ts';
import type { ClusterView } from './view.ts';

/** For people: where it is, what it waits for, its pods, and what to do now. */
export function toText(view: ClusterView, paint: Paint): string {
  const lines = [
    headline(view, paint),
    ...milestoneLine(view, paint),
    ...facts(view).map(([name, text]) => `  ${paint('dim', name.padEnd(11))}${text}`),
    ...errorLines(view, paint),
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
  const { replicas, breakGlass, maintenance, paused } = view;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['now', nowText(view)],
    ['waiting', view.waitingFor],
    [
      'incident',
      breakGlass &&
        joined([breakGlass.reason, lasting(breakGlass.forMs), `nonce ${breakGlass.nonce ?? '?'}`]),
    ],
    ['wanted', wantedText(view)],
    ['ready', replicas.ready === undefined ? undefined : `${replicas.ready} of ${replicas.wanted}`],
    ['leader', leaderText(view)],
    ['snapshot', snapshotText(view)],
    [
      'switches',
      joined([maintenance ? 'maintenance: pods may be deleted by hand' : '', paused ? 'paused' : '']),
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

function nowText(view: ClusterView): string {
  const { upgrade, scaling } = view;
  const holdsIn = upgrade?.holdsInMs ?? scaling?.holdsInMs;
  const doing = step(view);
  if (doing === '') return '';
  return joined([
    doing,
    lasting(upgrade?.phaseForMs),
    holdsIn === undefined ? undefined : holdsIn < 0 ? 'its time is up' : `holds in ${shortDuration(holdsIn)}`,
  ]);
}

/** Said when the upgrade under way, or no upgrade, leads to what the spec asks for. */
function wantedText({ version, upgrade }: ClusterView): string | undefined {
  const leadsTo = upgrade?.kind === 'upgrade' ? upgrade.to : version.current;
  return leadsTo === undefined || leadsTo === version.wanted.replace(/^v/, '') ? undefined : version.wanted;
}

function leaderText({ leader, upgrade }: ClusterView): string | undefined {
  if (upgrade === undefined) return leader;
  const { leadershipChanges: changes, stepDowns } = upgrade;
  return joined([
    leader ?? 'none seen',
    `${changes} ${changes === 1 ? 'change' : 'changes'} since the start`,
    stepDowns === 0 ? '' : `${stepDowns} asked for`,
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

/** Where the message of a hold says how to try again. */
const retryPart = /(?:; then|, or tries again after): kubectl [^]*"retry"[^]*$/;

/** Without the retry where it is said below: twice it would only be longer. */
function messageOf({ error, next }: ClusterView): string {
  const { message = '' } = error ?? {};
  return next.some(({ command }) => command?.includes('"retry"') === true)
    ? message.replace(retryPart, '')
    : message;
}

function errorLines(view: ClusterView, paint: Paint): readonly string[] {
  const { error, state } = view;
  if (error === undefined) return [];
  const mark = state === 'held' ? paint('red', '✗') : paint('yellow', '!');
  return [`  ${mark} ${paint('bold', visible(error.reason))}  ${visible(messageOf(view))}`.trimEnd()];
}

function podTable({ pods }: ClusterView, paint: Paint): readonly string[] {
  const header = ['POD', 'VERSION', 'ROLE', 'READY', 'CAUGHT UP', ''];
  return table([
    header.map((title) => (title === '' ? '' : paint('dim', title))),
    ...pods.map((pod) => podRow(pod, paint)),
  ]);
}

function podRow(
  { name, version = '-', role, ready, caughtUp, doing }: PodView,
  paint: Paint,
): readonly string[] {
  const yesNo = (value: boolean | undefined) =>
    value === undefined ? '-' : value ? paint('green', 'yes') : paint('yellow', 'no');
  const shownRole = role === 'leader' ? paint('bold', role) : (role ?? '-');
  return [visible(name), visible(version), shownRole, yesNo(ready), yesNo(caughtUp), visible(doing)];
}

function adviceLines({ next }: ClusterView, paint: Paint): readonly string[] {
  return next.flatMap(({ needed, why, command }) => [
    '',
    `  ${needed ? paint('yellow', 'now:') : paint('dim', 'can:')} ${visible(why)}`,
    ...(command === undefined ? [] : [`    ${paint('bold', visible(command))}`]),
  ]);
}
