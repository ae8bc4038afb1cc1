import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type OutputFile, type Plugin } from 'esbuild-wasm';
import { packageLicenses } from './licenses.ts';

/** The file of a bundle that holds the licenses of the packages in it. */
export const licensesFile = 'LICENSES.txt';

const comments = '.LEGAL.txt';

/** CommonJS packages call it for Node's own modules. */
const requireOfModules =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * `@kubernetes/client-node` without what its API clients are generated from: KubeConfig, all that Rollguard takes
 * from it, would load 900 modules, 30 MB once running. A release in which KubeConfig needs more fails to bundle.
 */
const kubeConfigAlone: Plugin = {
  name: 'KubeConfig alone',
  setup(steps) {
    const index = fileURLToPath(import.meta.resolve('@kubernetes/client-node'));
    steps.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: join(dirname(index), 'config.js'),
    }));
    steps.onLoad({ filter: /client-node\/dist\/gen\/index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(
        /^export .* from ["']\.\/(models|types)\/.*$/gm,
        '',
      ),
      resolveDir: dirname(path),
    }));
  },
};

/**
 * Writes the program and the packages it needs as few files: `main.js`, what it loads on demand, and the licenses
 * of the packages. It starts in a third of the time and holds less memory than the modules it is made of.
 *
 * @param program its main file, such as `src/main.ts`
 * @param folder made anew
 * @throws Error when a module is missing
 */
export async function bundle(program: string, folder: string): Promise<void> {
  const { outputFiles, metafile } = await build({
    entryPoints: [program],
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: { js: requireOfModules },
    minifySyntax: true,
    minifyWhitespace: true,
    // What a stack trace names should be found again.
    lineLimit: 160,
    legalComments: 'external',
    logLevel: 'warning',
    metafile: true,
    write: false,
    plugins: [kubeConfigAlone],
  });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles.filter((file) => !file.path.endsWith(comments))) {
    await writeFile(join(folder, relative(folder, path)), contents);
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}\n');
  await writeFile(join(folder, licensesFile), await licensesOf(metafile, outputFiles));
}

/** The licenses of the packages that parts of are in the output, and the notices that the parts themselves bear. */
async function licensesOf({ outputs }: Metafile, files: readonly OutputFile[]): Promise<string> {
  const modules = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const notices = files.filter(({ path }) => path.endsWith(comments)).map(({ text }) => text);
  return [await packageLicenses(modules), ...new Set(notices)].join('\n');
}
