import { readFile } from 'node:fs/promises';

/** The commands in the README's `sh` blocks, in order, each with the heading it stands under. */
export async function readmeCommands(): Promise<
  readonly { readonly heading: string; readonly command: string }[]
> {
  const commands: { heading: string; command: string }[] = [];
  let heading = '';
  let inShell = false;
  for (const line of (await readFile('README.md', 'utf8')).split('\n')) {
    if (line.startsWith('```')) inShell = !inShell && line === '```sh';
    else if (inShell) commands.push({ heading, command: line });
    else if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
  }
  return commands;
}
