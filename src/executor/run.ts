import { readFile } from 'node:fs/promises';
import { parser } from '../api/parse.ts';
import type { TokenIssuer } from '../core/model/observation.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import type { ExecutorAction, Halves } from '../core/jobs/step.ts';
import type { Logger } from '../io/logger.ts';
import { podOfAddress } from '../io/openbao/member.ts';
import { openBaoSession } from '../io/openbao/session.ts';
import { connectOpenBao } from '../io/openbao/node.ts';
import { deadlineIn, type Deadline, type ExecutorContext } from './context.ts';
import { deadServerCleanup } from './dead-server-cleanup.ts';
import { ActionFailed } from './login.ts';
import { preflight } from './preflight.ts';
import { removePeer } from './remove-peer.ts';
import { repairMembership } from './repair-membership.ts';
import { failed } from './report.ts';
import { restoreSnapshot } from './restore-snapshot.ts';
import { snapshot } from './snapshot.ts';
import { stepDown } from './step-down.ts';
import { probeStore, withStore, type StoreFlags } from './store.ts';
import { handOverToGreen, promoteGreen, removePeers, repairConsensus } from './membership-change.ts';
import { trustIssuer } from './trust-issuer.ts';
import { verifyStored } from './verify-snapshot.ts';

/** One `--member`. */
export interface MemberFlag {
  readonly pod: string;
  /** Scheme, host and port. */
  readonly url: string;
}

/** The flags of `rollguard executor`. */
export interface ExecutorFlags extends StoreFlags {
  readonly cluster: string;
  readonly namespace: string;
  readonly operationId: string;
  readonly pod?: string;
  readonly onlyWhileSealed?: boolean;
  readonly movesVotes?: boolean;
  /** Pods of the half that served first. */
  readonly blue?: readonly string[];
  /** Pods of the half that is to take over. */
  readonly green?: readonly string[];
  readonly state?: 'on' | 'off';
  readonly member: readonly MemberFlag[];
  readonly role: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly name?: string;
  readonly sha256?: string;
  readonly force?: boolean;
  /** The key of the seal static, or the seal and its key in words. */
  readonly seal: string;
  readonly voter?: readonly string[];
  readonly issuer?: string;
  readonly spool: string;
  readonly timeoutSeconds: number;
}

/** Carries out one action. Whatever happens, it ends in a report. */
export async function runAction(
  action: ExecutorAction,
  flags: ExecutorFlags,
  log: Logger,
  signal: AbortSignal,
): Promise<ExecutorReport> {
  const deadline = deadlineIn(flags.timeoutSeconds * 1000, signal);
  try {
    return await act(action, flags, log, deadline);
  } catch (error) {
    if (error instanceof ActionFailed) return error.report;
    return failed('Unexpected', error instanceof Error ? error.message : String(error));
  }
}

async function act(
  action: ExecutorAction,
  flags: ExecutorFlags,
  log: Logger,
  deadline: Deadline,
): Promise<ExecutorReport> {
  switch (action) {
    case 'preflight':
      return withMembers(flags, log, deadline, (context) =>
        preflight(context, { movesVotes: flags.movesVotes === true }),
      );
    case 'step-down':
      return withMembers(flags, log, deadline, (context) => stepDown(context, required(flags.pod, '--pod')));
    case 'remove-peer':
      return withMembers(flags, log, deadline, (context) =>
        removePeer(context, required(flags.pod, '--pod'), {
          onlyWhileSealed: flags.onlyWhileSealed === true,
        }),
      );
    case 'snapshot': {
      const place = {
        name: required(flags.name, '--name'),
        spool: flags.spool,
        unsealKeyId: flags.seal,
      };
      return withStore(flags, (store) =>
        withMembers(flags, log, deadline, (context) => snapshot(context, { ...place, store })),
      );
    }
    case 'probe-store':
      return withStore(flags, (store) => probeStore(store, deadline));
    case 'verify-snapshot': {
      const wanted = { name: required(flags.name, '--name'), sha256: flags.sha256 };
      return withStore(flags, (store) => verifyStored({ ...wanted, store }, deadline));
    }
    case 'restore-snapshot': {
      const order = {
        name: required(flags.name, '--name'),
        // The one that was verified, and no other.
        sha256: required(flags.sha256, '--sha256'),
        spool: flags.spool,
        force: flags.force === true,
        seal: flags.seal,
      };
      return withStore(flags, (store) =>
        withMembers(flags, log, deadline, (context) => restoreSnapshot(context, { ...order, store })),
      );
    }
    case 'repair-membership':
      return withMembers(flags, log, deadline, (context) => repairMembership(context, flags.voter ?? []));
    case 'promote-green':
      return withMembers(flags, log, deadline, (context) => promoteGreen(context, halvesOf(flags)));
    case 'hand-over-to-green':
      return withMembers(flags, log, deadline, (context) => handOverToGreen(context, halvesOf(flags)));
    case 'repair-consensus':
      return withMembers(flags, log, deadline, (context) => repairConsensus(context, halvesOf(flags)));
    case 'remove-blue-peers':
      return withMembers(flags, log, deadline, (context) => removePeers(context, halvesOf(flags).blue));
    case 'remove-green-peers':
      return withMembers(flags, log, deadline, (context) => removePeers(context, halvesOf(flags).green));
    case 'dead-server-cleanup': {
      const enabled = required(flags.state, '--state') === 'on';
      return withMembers(flags, log, deadline, (context) => deadServerCleanup(context, enabled));
    }
    case 'trust-issuer': {
      const issuer = issuerIn(required(flags.issuer, '--issuer'));
      return withMembers(flags, log, deadline, (context) => trustIssuer(context, issuer));
    }
    default:
      return action satisfies never;
  }
}

/** Connects to the members for one action, and drops the connections after it. */
async function withMembers(
  flags: ExecutorFlags,
  log: Logger,
  deadline: Deadline,
  carryOut: (context: ExecutorContext) => Promise<ExecutorReport>,
): Promise<ExecutorReport> {
  const tokenFile = required(flags.tokenFile, '--token-file');
  const ca = flags.caFile === undefined ? undefined : await readFile(flags.caFile, 'utf8');
  const nodes = flags.member.map(({ pod, url }) => connectOpenBao({ pod, url, ca }));
  const byHost = new Map(flags.member.map(({ pod, url }) => [URL.parse(url)?.host ?? '', pod]));
  const byName = podOfAddress(flags.cluster, flags.namespace);
  const context: ExecutorContext = {
    cluster: flags.cluster,
    members: new Map(nodes.map((node) => [node.pod, node])),
    podOf: (address) => byHost.get(URL.parse(address)?.host ?? '') ?? byName(address),
    role: flags.role,
    // Read again for each login: Kubernetes renews it.
    session: openBaoSession(flags.role, async () => (await readFile(tokenFile, 'utf8')).trim()),
    deadline,
    log,
  };
  try {
    return await carryOut(context);
  } finally {
    await context.session.end({ timeoutMs: 1000 });
    await Promise.all(nodes.map((node) => node.close()));
  }
}

/** Each half must be named: of nobody at all everything is so already. */
function halvesOf({ blue = [], green = [] }: ExecutorFlags): Halves {
  required(blue[0], '--blue');
  required(green[0], '--green');
  return { blue, green };
}

const parseIssuer = parser<TokenIssuer>(
  {
    type: 'object',
    required: ['url', 'publicKeys'],
    properties: {
      url: { type: 'string', minLength: 1 },
      publicKeys: { type: 'array', minItems: 1, items: { type: 'string' } },
    },
  },
  '--issuer',
);

function issuerIn(text: string): TokenIssuer {
  try {
    return parseIssuer(JSON.parse(text));
  } catch (error) {
    throw new ActionFailed(failed('InvalidFlags', `--issuer cannot be used: ${(error as Error).message}`));
  }
}

function required(value: string | undefined, flag: string): string {
  if (value !== undefined && value !== '') return value;
  throw new ActionFailed(failed('InvalidFlags', `${flag} is missing`));
}
