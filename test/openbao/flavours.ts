import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import semver from 'semver';

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

/** Every version whose server is in OPENBAO_DIR, the oldest first. */
export function realVersions(): readonly string[] {
  const folder = process.env['OPENBAO_DIR'] ?? '';
  if (folder === '' || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((version) => realBinary(version) !== undefined)
    .toSorted(semver.compare);
}

/** The versions that were measured, and those that are here: the model must be like the servers. */
export const modelVersions = (): readonly string[] =>
  [...new Set(['2.4.4', '2.5.5', '2.6.2', '2.7.0-dev', ...realVersions()])].toSorted(semver.compare);

/** Whether a version, as its release, is older than the limit. */
export const isBefore = (limit: string, version: string): boolean => semver.lt(release(version), limit);

/** Without the suffix of a prerelease. */
export const release = (version: string): string => version.replace(/-.*$/, '');

export function realFlavour(version: string): Flavour {
  return { kind: 'real', version, command: [realBinary(version) ?? ''], environment: {} };
}

/**
 * @param hub host and port of the hub that holds the model
 * @param world the nodes of one world can form a cluster
 */
export function modelFlavour(version: string, hub: string, world = version): Flavour {
  const program = fileURLToPath(new URL('server/bao.ts', import.meta.url));
  return {
    kind: 'model',
    version,
    command: [process.execPath, program],
    environment: {
      ROLLGUARD_OPENBAO_MODEL: hub,
      ROLLGUARD_OPENBAO_MODEL_VERSION: version,
      // The hub takes the nodes of one namespace for one world.
      BAO_K8S_NAMESPACE: `local-${world}`,
    },
  };
}
