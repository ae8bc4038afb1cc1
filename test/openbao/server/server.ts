import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from './configuration.ts';
import { connectToHub } from './connection.ts';
import { listen } from './listener.ts';
import { labelOwnPod } from './pod-labels.ts';

/** Where the hub is in a cluster. The port is one that the members' network policy lets them reach. */
export const hubInCluster = 'openbao-model.openbao-model.svc.cluster.local:6443';

/** `bao server`: one node of the model, behind OpenBao's API. */
export async function runServer(files: readonly string[], version: string): Promise<void> {
  const log = (line: string) => console.log(`${new Date().toISOString()} [INFO]  model of OpenBao: ${line}`);
  const { id, dataFolder, listeners, labelsPod, settings } = readConfiguration(files, version, process.env);
  const marker = join(dataFolder, 'model-disk');
  mkdirSync(dataFolder, { recursive: true });
  const label = labelsPod ? labelOwnPod(log) : () => undefined;
  log(`this is Rollguard's model of OpenBao ${version}, not OpenBao: node ${id}`);
  const connection = connectToHub({
    hub: process.env['ROLLGUARD_OPENBAO_MODEL'] ?? hubInCluster,
    hello: {
      scope: process.env['BAO_K8S_NAMESPACE'] ?? 'local',
      id,
      settings,
      ...(existsSync(marker) ? { disk: readFileSync(marker, 'utf8') } : {}),
    },
    onWelcome: (disk) => writeFileSync(marker, disk),
    onLabels: label,
    onExit: (code, why) => {
      log(`exits: ${why}`);
      process.exit(code);
    },
  });
  const open = await Promise.all(
    listeners.map((listener) => listen(listener, (request, abandoned) => connection.ask(request, abandoned))),
  );
  process.on('SIGHUP', () => {
    for (const listener of open) listener.reload();
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log(`${signal}: stops`);
      connection.stop();
    });
  }
}
