import { type Verb } from '../api/labels.ts';
import { readManifests, type Manifest } from './manifests/manifest.ts';
import { UnusableInput, type Problem, type Report } from './manifests/problem.ts';
import { readSources, type Stdin } from './manifests/sources.ts';
import { emptyInventory, type Inventory } from './review/inventory.ts';
import { judge, refusedBefore, type Caller, type Operation } from './review/judge.ts';
import { allAllowed, problemText, toJson, toText, type Reviewed } from './review/report.ts';
import { invalidIn, ownKindOf, requestedSubject, storedSubject, typeOf } from './review/subject.ts';
import { painter, visible, type CommandIo } from './terminal.ts';

/** The command line, as commander reads it. */
export interface ReviewOptions {
  readonly filename: readonly string[];
  readonly old: readonly string[];
  readonly state: readonly string[];
  readonly namespace: string;
  readonly as?: string;
  readonly asGroup: readonly string[];
  readonly can: readonly Verb[];
  /** Default: UPDATE for an object that is stored, CREATE for any other. */
  readonly operation?: Operation;
  readonly enforce: 'deny' | 'warn';
  /** Whether the CustomResourceDefinitions are another's, so that only the gate's rules are judged. */
  readonly gateOnly: boolean;
  readonly trustedController: readonly string[];
  readonly output: 'text' | 'json';
}

/** The world around the program. */
export interface ReviewIo extends CommandIo {
  readonly stdin: Stdin;
}

/** What the program exits with. */
export const exitCodes = { allowed: 0, refused: 1, unusable: 2 } as const;

/**
 * Judges the objects in files as the gate would judge them, without a cluster.
 *
 * Writes the results to standard output, and what could not be seen or used to standard
 * error. Where input is unusable, nothing is judged and standard output stays empty.
 *
 * @returns the exit code: 0 all allowed, 1 something refused, 2 unusable input
 */
export async function review(options: ReviewOptions, io: ReviewIo): Promise<number> {
  const paint = painter(io.color.stderr);
  try {
    const { reviewed, notes } = await judgeFiles(options, io.stdin);
    for (const note of notes) io.writeError(`${paint('dim', 'note:')} ${visible(note)}\n`);
    io.write(options.output === 'json' ? toJson(reviewed) : toText(reviewed, painter(io.color.stdout)));
    return allAllowed(reviewed) ? exitCodes.allowed : exitCodes.refused;
  } catch (error) {
    const problems = error instanceof UnusableInput ? error.problems : [unexpected(error)];
    for (const problem of problems.slice(0, mostProblems)) io.writeError(problemText(problem, paint));
    const rest = problems.length - mostProblems;
    if (rest > 0) io.writeError(`… and ${rest} more\n`);
    return exitCodes.unusable;
  }
}

const mostProblems = 20;

const unexpected = (error: unknown): Problem => ({
  where: 'rollguard review',
  what: `unexpected: ${error instanceof Error ? error.message : String(error)}`,
  remedy: 'this is a mistake in Rollguard; please report it together with the input',
});

interface Outcome {
  readonly reviewed: readonly Reviewed[];
  /** What a person should know about how it was judged. */
  readonly notes: readonly string[];
}

/** @throws UnusableInput */
async function judgeFiles(options: ReviewOptions, stdin: Stdin): Promise<Outcome> {
  assertConsistent(options);
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const read = async (paths: readonly string[]) =>
    (await readSources(paths, stdin, report)).flatMap((source) =>
      readManifests(source, options.namespace, report),
    );
  const state = await read(options.state);
  const old = await read(options.old);
  const changes = await read(options.filename);
  if (changes.length === 0 && problems.length === 0) {
    report({
      where: options.filename.map((path) => (path === '-' ? '<stdin>' : path)).join(', '),
      what: 'no Kubernetes object is in there',
      remedy: 'check that the file is the right one and that what renders it wrote something',
    });
  }
  const inventory = emptyInventory();
  // What --old says of an object goes before what --state says of it.
  for (const manifest of [...state, ...old]) {
    const subject = storedSubject(manifest, options.gateOnly, report);
    if (subject !== undefined) inventory.put(manifest, subject);
  }
  const reviewed: Reviewed[] = [];
  // One after the other: each is judged as if those before it had been applied.
  for (const manifest of changes) reviewed.push(...(await judgeOne(manifest, options, inventory, report)));
  if (problems.length > 0) throw new UnusableInput(problems);
  return { reviewed, notes: notesOn(reviewed, options) };
}

/** @throws UnusableInput */
function assertConsistent({ filename, old, state, as, asGroup, can }: ReviewOptions): void {
  const problems: Problem[] = [];
  if (filename.length === 0) {
    problems.push({ where: '-f', what: 'no file is named', remedy: 'name one, or - for standard input' });
  }
  const readers = [...filename, ...old, ...state].filter((path) => path === '-');
  if (readers.length > 1) {
    problems.push({
      where: '-',
      what: 'standard input is named more than once, but can be read only once',
      remedy: 'put one of the two in a file',
    });
  }
  if (as === undefined && (asGroup.length > 0 || can.length > 0)) {
    problems.push({
      where: asGroup.length > 0 ? '--as-group' : '--can',
      what: 'it says something about a user, but no user is named',
      remedy: 'add --as USER, or leave it out: then permissions are not judged',
    });
  }
  if (problems.length > 0) throw new UnusableInput(problems);
}

/** Judges one object, and lets it count as stored for the next ones, as `kubectl apply` would send them. */
async function judgeOne(
  manifest: Manifest,
  options: ReviewOptions,
  inventory: Inventory,
  report: Report,
): Promise<readonly Reviewed[]> {
  const found = manifest.name === '' ? undefined : inventory.find(manifest);
  const operation = options.operation ?? (found === undefined ? 'CREATE' : 'UPDATE');
  const stored = operation === 'CREATE' ? undefined : found;
  const problem = unjudgeable(manifest, operation, stored !== undefined, options.gateOnly);
  if (problem !== undefined) report(problem);
  const hasSchema = operation !== 'DELETE' && !options.gateOnly && ownKindOf(manifest) !== undefined;
  const invalid = hasSchema ? invalidIn(manifest, stored) : [];
  if (problem === undefined && invalid.length > 0) {
    return [{ manifest, operation, isStored: stored !== undefined, verdict: refusedBefore(invalid) }];
  }
  const subject =
    operation === 'DELETE'
      ? (stored ?? storedSubject(manifest, options.gateOnly, report))
      : requestedSubject(manifest, stored, options.gateOnly, report);
  if (problem !== undefined || subject === undefined) return [];

  const verdict = await judge(operation, subject, stored, inventory, callerOf(options));
  if (
    verdict.after !== undefined &&
    verdict.decision.allowed &&
    manifest.name !== '' &&
    operation !== 'DELETE'
  ) {
    inventory.put(manifest, verdict.after);
  }
  const judged = verdict.judged || hasSchema;
  return [{ manifest, operation, isStored: stored !== undefined, verdict: { ...verdict, judged } }];
}

/** What keeps a request about a kind that we judge from being one. */
function unjudgeable(
  manifest: Manifest,
  operation: Operation,
  isStored: boolean,
  gateOnly: boolean,
): Problem | undefined {
  const { kind, namespace, name, generateName, at } = manifest;
  if (typeOf(manifest, gateOnly) === 'other') return undefined;
  if (name === '' && (operation !== 'CREATE' || generateName === '')) {
    return {
      where: at(['metadata', 'name']),
      what: 'metadata.name is missing',
      remedy: 'add name: below metadata',
    };
  }
  if (operation === 'UPDATE' && !isStored) {
    return {
      where: at(['metadata', 'name']),
      what: `an UPDATE of ${kind.toLowerCase()} ${namespace}/${name} needs the object as it is stored`,
      remedy: `give it with --old (kubectl get ${kind.toLowerCase()} ${name} -n ${namespace} -o yaml)`,
    };
  }
  return undefined;
}

function callerOf({ as, asGroup, can, enforce, trustedController }: ReviewOptions): Caller {
  return {
    user: as === undefined ? {} : { username: as, groups: asGroup },
    verbs: can,
    trustedControllers: trustedController,
    enforce,
  };
}

/** What the decisions could not rest on, because nobody said it. */
function notesOn(reviewed: readonly Reviewed[], options: ReviewOptions): readonly string[] {
  const notes: string[] = [];
  const judged = reviewed.filter(({ verdict }) => verdict.judged);
  const [created] = judged.filter(
    ({ manifest, operation }) => operation === 'CREATE' && isJudgedByOld(manifest),
  );
  if (created !== undefined && options.operation === undefined && options.old.length === 0) {
    const { kind, namespace, name } = created.manifest;
    notes.push(
      `without --old, what is created and what is changed cannot be told apart; ` +
        `give what is stored (kubectl get ${kind.toLowerCase()} ${name} -n ${namespace} -o yaml)`,
    );
  }
  const [data, ...others] = judged.flatMap(({ verdict: { readsDataOf } }) => readsDataOf ?? []);
  if (data !== undefined && options.state.length === 0) {
    notes.push(
      `without --state, the volumes and pods of ${list([data, ...others].map(nameOf))} are taken to be none; ` +
        `give them (kubectl get pvc,pods -n ${data.namespace} -o yaml)`,
    );
  }
  const verbsNeeded = judged.flatMap(({ verdict: { needs } }) =>
    needs.map(({ verb, object }) => `"${verb}" on ${nameOf(object)}`),
  );
  if (options.as === undefined && verbsNeeded.length > 0) {
    notes.push(`without --as, permissions are not judged; needed: ${list(verbsNeeded)}`);
  }
  const taken = judged.filter(({ operation, isStored }) => operation === 'DELETE' && !isStored);
  if (taken.length > 0) {
    const names = list(taken.map(({ manifest }) => nameOf(manifest)));
    notes.push(`the files are taken for what is stored of ${names}; to be sure, give that with --old`);
  }
  return notes;
}

/** Kinds whose rules ask what is changed. */
const isJudgedByOld = ({ kind }: Manifest) => kind === 'OpenBaoCluster' || kind === 'MetadataServices';

const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  `${namespace}/${name}`;

/** At most three of them, and how many more. */
function list(names: readonly string[]): string {
  const all = [...new Set(names)];
  const more = all.length > 3 ? ` and ${all.length - 3} more` : '';
  return `${all.slice(0, 3).join(', ')}${more}`;
}
