/** The model's `bao`, for images and for local processes without OpenBao. */
import { listPeers, status } from './client.ts';
import { startHub } from './hub.ts';
import { runServer } from './server.ts';

/** Set by the image, or by whoever starts a local process. */
const version = process.env['ROLLGUARD_OPENBAO_MODEL_VERSION'] ?? '0.0.0';

async function main(args: readonly string[]): Promise<number | undefined> {
  const [command = '', ...rest] = args;
  switch ([command, ...rest.filter((arg) => !arg.startsWith('-'))].join(' ')) {
    case 'version':
      console.log(`OpenBao v${version}`);
      console.error("(Rollguard's model of OpenBao, not OpenBao itself)");
      return 0;
    case 'server':
      await runServer(configFiles(rest), version);
      return undefined;
    case 'status':
      return status();
    case 'operator raft list-peers':
      return listPeers();
    case 'model-hub':
      await hub();
      return undefined;
    default:
      console.error(`the model of OpenBao does not know: bao ${args.join(' ')}`);
      return 1;
  }
}

function configFiles(args: readonly string[]): readonly string[] {
  return args.flatMap((arg) => (arg.startsWith('-config=') ? [arg.slice('-config='.length)] : []));
}

async function hub(): Promise<void> {
  const catchUp = process.env['ROLLGUARD_OPENBAO_MODEL_CATCH_UP'];
  const { address } = await startHub({
    host: '0.0.0.0',
    port: 6443,
    timing: catchUp === undefined ? {} : { catchUp: Number(catchUp) },
    log: (line) => console.log(`${new Date().toISOString()} ${line}`),
  });
  console.log(`the hub of Rollguard's model of OpenBao listens on ${address}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`model of OpenBao: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
