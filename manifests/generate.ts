import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { stringify } from 'yaml';
import { openBaoClusterCrd } from '../src/api/crd.ts';

/** Each generated file, by its path from the repository's root. */
const generated: Readonly<Record<string, () => object>> = {
  'manifests/crds/openbaoclusters.yaml': openBaoClusterCrd,
};

const header = '# Generated from src/api by `npm run generate`. Do not edit.\n';

/** Writes the generated files; with `--check`, only says which of them differ, and exits 1 if one does. */
async function main(check: boolean): Promise<void> {
  for (const [path, make] of Object.entries(generated)) {
    const wanted = await format(header + stringify(make(), { aliasDuplicateObjects: false }), {
      parser: 'yaml',
      printWidth: 110,
    });
    if (!check) await writeFile(path, wanted);
    else if ((await readFile(path, 'utf8').catch(() => '')) !== wanted) {
      console.error(`${path} differs from what src/api says; run: npm run generate`);
      process.exitCode = 1;
    }
  }
}

await main(process.argv.includes('--check'));
