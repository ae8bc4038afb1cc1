import { tmpdir } from 'node:os';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { sealKeyId } from '../core/model/names.ts';
import { executorActions, type ExecutorAction } from '../core/jobs/step.ts';
import { writeReport } from '../executor/report.ts';
import type { ExecutorFlags, MemberFlag } from '../executor/run.ts';

/** `rollguard executor ACTION`: one step, for the Job that src/core/jobs/executor-job.ts makes. */
export function executorCommand(): Command {
  return new Command('executor')
    .description("carry out one step in an OpenBao cluster; what the controller's Jobs run")
    .addArgument(new Argument('<action>', 'the step').choices(executorActions))
    .requiredOption('--cluster <name>', 'name of the OpenBaoCluster')
    .requiredOption('--namespace <name>', 'its namespace')
    .option('--operation-id <id>', 'the operation that the step belongs to, for the log', '')
    .option('--pod <name>', 'the pod that the step is about')
    .option('--only-while-sealed', 'for remove-peer: leave a peer alone that answers unsealed')
    .option('--moves-votes', 'for preflight: also ask for the rights to promote and demote')
    .option('--blue <name>', 'a pod of the half that served first (repeatable)', collected, [])
    .option('--green <name>', 'a pod of the half that is to take over (repeatable)', collected, [])
    .addOption(new Option('--state <state>', 'for dead-server-cleanup').choices(['on', 'off']))
    .option('--member <name=url>', 'a member and where its API is (repeatable)', member, [])
    .option('--role <name>', 'role at auth/jwt-operator', 'rollguard-upgrade')
    .option('--token-file <file>', 'the ServiceAccount token to log in with')
    .option('--ca-file <file>', 'CA of the members, PEM; needed for https')
    .option('--target <json>', 'spec.backup.target: where snapshots go')
    .option('--store-ca-file <file>', 'CA of the store, PEM')
    .option('--store-folder <folder>', 'where the claim of the store is mounted')
    .option('--name <key>', 'what the snapshot is called in the store')
    .option('--sha256 <sum>', 'for verify-snapshot and restore-snapshot: the sum that the snapshot must have')
    .option('--force', "for restore-snapshot: without asking whether the members' own key opens it")
    .option(
      '--seal <id>',
      'for snapshot and restore-snapshot: the key or seal that opens the data',
      sealKeyId,
    )
    .option('--voter <name>', 'for repair-membership: a member that is to vote (repeatable)', collected, [])
    .option('--issuer <json>', 'for trust-issuer: who signs ServiceAccount tokens, with which keys')
    .option('--spool <folder>', 'a folder with room for one snapshot', tmpdir())
    .option('--timeout-seconds <number>', 'by when it must have ended', seconds, 60)
    .option('--report-file <file>', 'where the report goes', '/dev/termination-log')
    .action(async (action: ExecutorAction, flags: ExecutorFlags & { readonly reportFile: string }) => {
      const log = pino({ base: { action, cluster: flags.cluster, operationId: flags.operationId } });
      const ending = new AbortController();
      // As process 1 of a container nothing ends it otherwise.
      process.once('SIGTERM', () => {
        ending.abort();
      });
      log.info({ pod: flags.pod, timeoutSeconds: flags.timeoutSeconds }, 'started');
      // Loaded now: no other subcommand needs it.
      const { runAction } = await import('../executor/run.ts');
      const report = await runAction(action, flags, log, ending.signal);
      log[report.outcome === 'done' ? 'info' : 'error'](report, 'ended');
      await writeReport(flags.reportFile, report);
      process.exitCode = report.outcome === 'done' ? 0 : 1;
    });
}

function member(text: string, before: readonly MemberFlag[]): readonly MemberFlag[] {
  const at = text.indexOf('=');
  const url = URL.parse(text.slice(at + 1));
  if (at < 1 || url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError('It must read NAME=URL, such as prod-0=https://prod-0.prod.bao.svc:8200.');
  }
  return [...before, { pod: text.slice(0, at), url: url.origin }];
}

const collected = (text: string, before: readonly string[]): readonly string[] => [...before, text];

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be more than 0.');
  return value;
}
