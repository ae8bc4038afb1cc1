import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licenses of the packages that modules belong to, one after another, by name.
 *
 * @param modules paths below `node_modules`; others are the program's own
 * @throws Error at a package that neither bears a license nor names one
 */
export async function packageLicenses(modules: readonly string[]): Promise<string> {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined));
  const texts = await Promise.all([...folders].map(licenseOf));
  return texts.toSorted().join('\n');
}

/** The innermost package of a path: packages may hold others. */
const packageFolder = (path: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];

async function licenseOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = (await readdir(folder))
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .toSorted();
  if (files.length === 0 && license === undefined) throw new Error(`${name} ${version} has no license`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return [`=== ${name} ${version} (${license ?? 'as below'})`, ...texts.map((text) => text.trim()), ''].join(
    '\n\n',
  );
}
