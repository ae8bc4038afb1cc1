import { declaresPlugin, sealName, sealType } from '../model/seal.ts';
import { printable } from '../model/printable.ts';
import { sealGap } from '../version/seal-support.ts';
import { parseVersion } from '../version/version.ts';
import { changesVersion, type ClusterRequest } from './cluster-request.ts';
import { violation, warning, type Policy } from './policy.ts';

/**
 * The target version can open the cluster's seal: it has it, or a plugin for it is declared.
 *
 * Guards: OpenBaoCluster CREATE; UPDATE of the version, of the seal's type, and of whether it has a plugin; the
 * cluster's own start check, before the first pod goes.
 * Allows: a plugin that is declared before the upgrade, which older versions start with; a type that is not known
 * here, which is another operator's. Whether an image is an HSM build cannot be told: it is only said.
 * Source: docs/facts/openbao-2.6-measured.md, section 5.
 */
export const sealUnsupported: Policy<ClusterRequest> = {
  id: 'seal-unsupported',
  changes: (request) => changesVersion(request) || changesSeal(request),
  evaluate(request) {
    const { object } = request;
    const version = parseVersion(object.spec.version);
    // invalid-version speaks of it.
    if (version.kind === 'unknown') return [];
    const wanted = version.value.canonical;
    const name = printable(sealName(object));
    const gap = sealGap(sealType(object), version.value, declaresPlugin(object));
    const path =
      changesVersion(request) && request.operation === 'UPDATE' ? 'spec.version' : 'spec.unseal.type';
    if (gap?.kind === 'needs-plugin') {
      return [
        violation(
          'SealUnsupported',
          path,
          `OpenBao ${wanted} cannot open the seal ${name}: from ${gap.from} on only a KMS plugin has it, and spec.unseal.plugin is not set`,
          `set spec.unseal.plugin to the plugin ${name}, in this change or before it (OpenBao before ${gap.from} starts with it too); or keep spec.version below ${gap.from}`,
        ),
      ];
    }
    if (gap?.kind === 'no-plugins') {
      return [
        violation(
          'SealUnsupported',
          path,
          `OpenBao ${wanted} cannot open the seal ${name}: KMS plugins exist from ${gap.from} on`,
          `set spec.version to ${gap.from} or newer, or spec.unseal.type to a seal that ${wanted} has`,
        ),
      ];
    }
    return [
      ...(gap?.kind === 'needs-plugin-soon'
        ? [
            warning(
              `OpenBao ${gap.from} has no seal ${name} of its own; set spec.unseal.plugin before an upgrade to it`,
            ),
          ]
        : []),
      ...(sealType(object) === 'pkcs11' && !declaresPlugin(object)
        ? [
            warning(
              'the seal pkcs11 needs an HSM build of OpenBao, and the library of the module in its image; make sure that spec.image names one',
            ),
          ]
        : []),
    ];
  },
};

/** Its settings and credentials, and what they are called, are another matter. */
const changesSeal = ({ object, oldObject }: ClusterRequest): boolean =>
  oldObject === undefined ||
  sealType(object) !== sealType(oldObject) ||
  declaresPlugin(object) !== declaresPlugin(oldObject);
