import type { UserInfo } from '../../api/kubernetes.ts';
import type { Verb } from '../../api/labels.ts';
import { known } from '../../core/model/known.ts';
import type { AdmissionFacts } from '../../io/kubernetes/admission-facts.ts';
import type { ClusterKey, Inventory } from './inventory.ts';

/** What the routes asked for about one request. */
export interface Asked {
  /** The cluster whose volumes and pods they looked for, where they did. */
  readsDataOf?: ClusterKey;
  readonly needs: { readonly verb: Verb; readonly object: ClusterKey }[];
}

/** A member of this group may do everything, and no review of access can say otherwise. */
const allPowerfulGroup = 'system:masters';

/**
 * The facts of the live gate, as far as files tell them.
 *
 * @param user without a username nobody is named: every verb counts as held
 * @param held the verbs that the user holds, on every object
 * @param asked takes down what is asked for
 */
export function inventoryFacts(
  inventory: Inventory,
  { username, groups = [] }: UserInfo,
  held: readonly Verb[],
  asked: Asked,
): AdmissionFacts {
  const holdsAll = username === undefined || groups.includes(allPowerfulGroup);
  return {
    volumes: async (cluster) => {
      asked.readsDataOf = cluster;
      return known(inventory.volumes(cluster));
    },
    pods: async (cluster) => {
      asked.readsDataOf = cluster;
      return known(inventory.pods(cluster));
    },
    // No file asks for an eviction.
    pod: async () => known(undefined),
    holdsVerb: async (_user, verb, object) => {
      asked.needs.push({ verb, object });
      return known(holdsAll || held.includes(verb));
    },
    mayActAs: async () => (holdsAll ? known(true) : { kind: 'not-judged' }),
    inMaintenance: async (cluster) => known(inventory.inMaintenance(cluster)),
    warnsOnly: async (namespace) => known(inventory.warnsOnly(namespace)),
  };
}
