import { Command } from 'commander';
import { pino, type Logger } from 'pino';
import { defaultRepository } from '../core/workload/image.ts';
import {
  controllerConfig,
  deadlineNames,
  kinds,
  type ControllerConfig,
  type ControllerFlags,
} from './config.ts';
import { logLevel } from './log-level.ts';

/**
 * `rollguard controller`, for the Deployment in manifests/controller.
 *
 * @param run carries it out; tests run another, which crashes where they say
 */
export function controllerCommand(run: (config: ControllerConfig, logger: Logger) => Promise<void>): Command {
  return new Command('controller')
    .description('carry out what OpenBaoClusters and MetadataServices ask for, one safe step at a time')
    .option('--status-port <number>', 'plain HTTP port of /metrics, /healthz and /readyz', '8080')
    .option('--namespace <name>', 'namespace of its Lease and its ServiceAccount (default: its own)')
    .option(
      '--service-account <name>',
      'its ServiceAccount, as which it reads from OpenBao',
      'rollguard-controller',
    )
    .option('--lease <name>', 'Lease that its replicas compete for', 'rollguard-controller')
    .option('--concurrency <number>', 'objects of each kind worked on at a time', '8')
    .option(
      '--kind <plural>',
      `drive only this kind: ${kinds.join(' or ')} (repeatable; default: all)`,
      (kind: string, those: readonly string[]) => [...those, kind],
      [],
    )
    .option(
      '--image-repository <name>',
      "repository of OpenBao's image, for clusters without spec.image",
      defaultRepository,
    )
    .option(
      '--services-image-repository <name>',
      'what images of MetadataServices are below, for those without spec.imageRepository',
      'e6data',
    )
    .option('--executor-image <image>', 'image of its Jobs (default: that of its own pod)')
    .option(
      '--deadline <phase=seconds>',
      `after how long waiting becomes a hold, for ${deadlineNames.join(', ')} (repeatable)`,
      (deadline: string, deadlines: readonly string[]) => [...deadlines, deadline],
      [],
    )
    .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
    .addOption(logLevel())
    .action(async (flags: ControllerFlags) => {
      const config = controllerConfig(flags);
      await run(config, pino({ level: config.logLevel }));
    });
}
