import type { OpenBaoCluster } from '../../../api/openbaocluster.ts';
import type { Halves } from '../../jobs/step.ts';
import { greenNames, liveNames } from '../../model/members.ts';

/** The members of both halves, by their pods' names in the order of ordinals; none of green's where there is no green. */
export function halvesOf(cluster: Pick<OpenBaoCluster, 'metadata' | 'status'>, replicas: number): Halves {
  const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal);
  const green = greenNames(cluster);
  return {
    blue: ordinals.map(liveNames(cluster).pod),
    green: green === undefined ? [] : ordinals.map(green.pod),
  };
}
