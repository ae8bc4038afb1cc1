import type { SealType } from '../model/seal.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

/** In which versions OpenBao knows a seal (docs/facts/openbao-2.6-measured.md, section 5). */
interface SealSupport {
  /** From this version on only a plugin has it; a prerelease counts as it. Absent: OpenBao has it itself. */
  readonly removedIn?: string;
  /** Before this version there are no KMS plugins; a prerelease counts as it. */
  readonly pluginsFrom?: string;
}

/** 2.7 keeps static, transit and kmip. */
const movedOut: SealSupport = { removedIn: '2.7.0' };

const support: Readonly<Record<SealType, SealSupport>> = {
  static: {},
  transit: {},
  kmip: {},
  awskms: movedOut,
  gcpckms: movedOut,
  azurekeyvault: movedOut,
  ocikms: movedOut,
  pkcs11: movedOut,
  kms: { pluginsFrom: '2.6.0' },
};

/** Why a version cannot open a seal, or that the next minor version cannot. */
type SealGap =
  | { readonly kind: 'needs-plugin'; readonly from: string }
  | { readonly kind: 'no-plugins'; readonly from: string }
  | { readonly kind: 'needs-plugin-soon'; readonly from: string };

/**
 * @param type as the spec has it, which may be another operator's
 * @returns undefined where the version opens the seal, and for a type that is not known here
 */
export function sealGap(type: string, version: Version, hasPlugin: boolean): SealGap | undefined {
  const { removedIn, pluginsFrom } = (support as Readonly<Record<string, SealSupport>>)[type] ?? {};
  if (pluginsFrom !== undefined && isBefore(version, pluginsFrom))
    return { kind: 'no-plugins', from: pluginsFrom };
  if (removedIn === undefined || hasPlugin) return undefined;
  if (!isBefore(version, removedIn)) return { kind: 'needs-plugin', from: removedIn };
  // The version before it is the first that says so, and the first that takes a plugin.
  return isBefore(version, '2.6.0') ? undefined : { kind: 'needs-plugin-soon', from: removedIn };
}

function isBefore(version: Version, first: string): boolean {
  const read = parseVersion(`${first}-0`);
  if (read.kind === 'unknown') throw new Error(`the table of seals has ${first}, which ${read.cause}`);
  return compareVersions(version, read.value) < 0;
}
