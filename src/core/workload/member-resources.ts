import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { canonicalQuantities } from './quantity.ts';

/**
 * What a member requests of what spec does not name: without requests it is BestEffort, the first to be evicted and
 * killed when a node runs short. An idle server holds 93 to 131 MB and 1 to 3 % of a core, an active one under
 * 27 writes a second 17 % (docs/facts/openbao-measured.md, section 10). No limits: a limit ends servers.
 *
 * Another value here changes every template, and waits for the next restart (docs/design.md, rule 12).
 */
const defaultRequests = { cpu: '100m', memory: '256Mi' } as const;

/** By the name of each resource. */
type Quantities = Readonly<Record<string, string>>;

/** Canonical, with requests of CPU and memory unless spec limits them alone, which Kubernetes requests then. */
export function memberResources({ spec }: Pick<OpenBaoCluster, 'spec'>): {
  readonly requests: Quantities;
  readonly limits?: Quantities;
} {
  const { requests = {}, limits } = spec.resources ?? {};
  const unnamed = Object.entries(defaultRequests).filter(([name]) => limits?.[name] === undefined);
  return {
    requests: canonicalQuantities({ ...Object.fromEntries(unnamed), ...requests }),
    ...defined({ limits: limits === undefined ? undefined : canonicalQuantities(limits) }),
  };
}
