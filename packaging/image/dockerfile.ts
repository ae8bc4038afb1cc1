import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ImageConfig } from './archive.ts';
import { packageRoot } from '../package-root.ts';

/** One instruction: its name, and the rest of its line. */
interface Instruction {
  readonly name: string;
  readonly rest: string;
}

interface Stage {
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** `COPY --from=STAGE SOURCE DESTINATION`. */
export interface Copy {
  readonly stage: string;
  readonly source: string;
  readonly destination: string;
}

/** What a Dockerfile says on how its image is made, as far as Rollguard's own goes. */
export interface Dockerfile {
  /** Of the last stage: what the image holds. */
  readonly copies: readonly Copy[];
  readonly config: ImageConfig;
  /** The commands of the stage's RUN instructions. */
  commandsOf(stage: string): readonly string[];
}

/** @throws Error at an instruction of the last stage that it would have to leave out */
export function parseDockerfile(text: string): Dockerfile {
  const stages = splitStages(text);
  const last = stages.at(-1)?.instructions ?? [];
  return {
    copies: last.filter(({ name }) => name === 'COPY').map(parseCopy),
    config: last.filter(({ name }) => name !== 'COPY').reduce(configure, {}),
    commandsOf: (stage) =>
      stages
        .filter(({ name }) => name === stage)
        .flatMap(({ instructions }) => instructions)
        .filter(({ name }) => name === 'RUN')
        .map(({ rest }) => rest),
  };
}

function splitStages(text: string): readonly Stage[] {
  const stages: { name: string; instructions: Instruction[] }[] = [];
  for (const line of joinLines(text)) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(line) ?? [];
    if (name === 'FROM') stages.push({ name: / AS (\S+)$/i.exec(rest)?.[1] ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push({ name, rest });
  }
  return stages;
}

function joinLines(text: string): readonly string[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function parseCopy({ rest }: Instruction): Copy {
  const [, stage, source, destination] = /^--from=(\S+) (\S+) (\S+)$/.exec(rest) ?? [];
  if (stage === undefined || source === undefined || destination === undefined) {
    throw new Error(`the last stage copies in another form than --from=STAGE SOURCE DESTINATION: ${rest}`);
  }
  return { stage, source, destination };
}

function configure(config: ImageConfig, { name, rest }: Instruction): ImageConfig {
  switch (name) {
    case 'ENTRYPOINT':
      return { ...config, Entrypoint: JSON.parse(rest) as string[] };
    case 'USER':
      return { ...config, User: rest };
    case 'WORKDIR':
      return { ...config, WorkingDir: rest };
    case 'ENV':
      return { ...config, Env: [...(config.Env ?? []), rest] };
    default:
      throw new Error(`the last stage says ${name}, which is not known here`);
  }
}

/** What the image tells Node.js before the program. */
export function programFlags(): readonly string[] {
  const { config } = parseDockerfile(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'));
  return config.Entrypoint?.slice(1, -1) ?? [];
}

/** What the controller's Deployment tells Node.js before the program. */
export function controllerFlags(): readonly string[] {
  const deployment = readFileSync(join(packageRoot, 'manifests/controller/20-deployment.yaml'), 'utf8');
  const { command } = parse(deployment).spec.template.spec.containers[0] as { readonly command: string[] };
  return command.slice(1, -1);
}
