import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { controllerFlags, parseDockerfile } from '../../packaging/image/dockerfile.ts';
import { packageRoot } from '../../packaging/package-root.ts';

describe("Rollguard's Dockerfile", () => {
  const { copies, config } = parseDockerfile(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'));

  it('starts the program as a user without rights, and without a shell', () => {
    expect(config.User).to.equal('65532:65532');
    expect(config.Entrypoint?.[0]).to.equal('/usr/local/bin/node');
    expect(config.Entrypoint?.at(-1)).to.equal('/app/main.js');
  });

  it('is started by the Deployment of the controller as by itself, but for more flags of Node.js', async () => {
    const manifest = await readFile(join(packageRoot, 'manifests/controller/20-deployment.yaml'), 'utf8');
    const { command } = parse(manifest).spec.template.spec.containers[0] as { readonly command: string[] };
    expect([command[0], command.at(-1)]).to.deep.equal([config.Entrypoint?.[0], config.Entrypoint?.at(-1)]);
    expect(command).to.include.members([...(config.Entrypoint ?? [])]);
    expect(controllerFlags()).to.deep.equal(command.slice(1, -1));
  });

  it('holds the bundle of the program, and nothing else of what is built', () => {
    const built = copies.filter(({ stage }) => stage === 'build');
    expect(built).to.deep.equal([{ stage: 'build', source: '/source/build/bundle', destination: '/app' }]);
  });

  it('is refused where the last stage says what an image made from it would lack', () => {
    expect(() => parseDockerfile('FROM scratch\nRUN true')).to.throw('RUN');
    expect(() => parseDockerfile('FROM scratch\nCOPY a b /c/')).to.throw('a b /c/');
  });
});
