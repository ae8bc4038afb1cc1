import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program that serves OpenBao's API: a real one, or the model. */
export interface Flavour {
  readonly kind: 'real' | 'model';
  readonly version: string;
  /** Program and arguments that come before `server`. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The server binary of this version in OPENBAO_DIR; undefined where there is none. */
export function realBinary(version: string): string | undefined {
  const folder = process.env['OPENBAO_DIR'] ?? '';
  const binary = join(folder, version, 'bao');
  return folder !== '' && existsSync(binary) ? binary : undefined;
}

export function realFlavour(version: string, binary: string): Flavour {
  return { kind: 'real', version, command: [binary], environment: {} };
}

/** @param hub host and port of the hub that holds the model */
export function modelFlavour(version: string, hub: string): Flavour {
  const program = fileURLToPath(new URL('server/bao.ts', import.meta.url));
  return {
    kind: 'model',
    version,
    command: [process.execPath, program],
    environment: {
      ROLLGUARD_OPENBAO_MODEL: hub,
      ROLLGUARD_OPENBAO_MODEL_VERSION: version,
      // The hub takes the nodes of one namespace for one world.
      BAO_K8S_NAMESPACE: `local-${version}`,
    },
  };
}
