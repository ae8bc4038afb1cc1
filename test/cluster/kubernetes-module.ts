import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../packaging/cache.ts';
import { mustRun } from '../../packaging/command.ts';
import { commandsOfKubernetes, wrapperModule } from '../support/kubernetes-version.ts';

/** Where it is made, once for a version. Its sums are checked by Go's checksum database. */
export async function kubernetesModule(version: string): Promise<string> {
  const directory = join(cacheDirectory(), `kubernetes-module-${version}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const answer = await mustRun('go', ['mod', 'download', '-json', `k8s.io/kubernetes@${version}`], {
    directory: unfinished,
  });
  const { GoMod, Dir } = JSON.parse(answer) as { readonly GoMod: string; readonly Dir: string };
  writeFileSync(join(unfinished, 'go.mod'), wrapperModule(readFileSync(GoMod, 'utf8'), version));
  writeFileSync(join(unfinished, 'go.sum'), readFileSync(join(Dir, 'go.sum')));
  // Adds what is missing of both: the sums of the staging modules.
  await mustRun('go', ['list', '-mod=mod', '-deps', ...commandsOfKubernetes], { directory: unfinished });
  renameSync(unfinished, directory);
  return directory;
}
