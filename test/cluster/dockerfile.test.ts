import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { skip } from '../support/skip.ts';
import { parseDockerfile } from './dockerfile.ts';
import { packageRoot } from './package-root.ts';

describe("Rollguard's Dockerfile", () => {
  const { copies, config } = parseDockerfile(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'));

  it('starts the program as a user without rights, and without a shell', () => {
    expect(config.User).to.equal('65532:65532');
    expect(config.Entrypoint?.[0]).to.equal('/usr/local/bin/node');
    expect(config.Entrypoint?.at(-1)).to.equal('/app/build/src/main.js');
  });

  it('leaves tests and benchmarks out', () => {
    const sources = copies.filter(({ stage }) => stage === 'build').map(({ source }) => source);
    expect(sources).to.include('/source/build/src');
    expect(sources.filter((path) => /^\/source\/build\/?(test|bench)?$/.test(path))).to.deep.equal([]);
  });

  it('holds whatever the program imports', function () {
    const main = join(packageRoot, 'build/src/main.js');
    if (!existsSync(main)) skip(this, 'the program is not compiled yet', 'build');
    const { modules, packages } = importsOf(main);
    const held = copies.map(({ source }) => join(packageRoot, source.replace('/source/', '')));
    const isHeld = (file: string) => held.some((path) => file.startsWith(`${path}/`));
    expect([...modules].filter((file) => !isHeld(file))).to.deep.equal([]);
    const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    expect(Object.keys(dependencies)).to.include.members([...packages]);
  });

  it('is refused where the last stage says what an image made from it would lack', () => {
    expect(() => parseDockerfile('FROM scratch\nRUN true')).to.throw('RUN');
    expect(() => parseDockerfile('FROM scratch\nCOPY a b /c/')).to.throw('a b /c/');
  });
});

/** The files a compiled module is made of, and the packages they import. */
function importsOf(
  file: string,
  modules = new Set<string>(),
  packages = new Set<string>(),
): { modules: Set<string>; packages: Set<string> } {
  if (modules.has(file)) return { modules, packages };
  modules.add(file);
  const statement = /^(?:import|export) (?:[^;'"]* from )?'([^']+)';|\bimport\('([^']+)'\)/gm;
  const specifiers = readFileSync(file, 'utf8').matchAll(statement);
  for (const [, still, dynamic] of specifiers) {
    const specifier = still ?? dynamic ?? '';
    if (specifier.startsWith('.')) importsOf(join(dirname(file), specifier), modules, packages);
    else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier));
  }
  return { modules, packages };
}

/** `@scope/name` or `name`, without the path inside the package. */
const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
