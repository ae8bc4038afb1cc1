import { guardedResources, type GuardedResource, type Verb } from '../../api/labels.ts';
import { violation, type Permission, type Violation } from './policy.ts';

/**
 * A verb that the caller needs on an object and does not hold.
 *
 * @param object `namespace/name`
 * @param path the field that it is about
 * @param what what the caller wants to do, for the message
 * @returns nothing where the verb is held or nobody asked
 */
export function missingVerb(
  verb: Verb,
  permission: Permission,
  object: string,
  path: string,
  what = path,
  resource: GuardedResource = 'openbaoclusters',
): readonly Violation[] {
  if (permission.kind === 'not-judged' || (permission.kind === 'known' && permission.value)) return [];
  const [namespace, name] = object.split('/');
  const { group, singular } = guardedResources[resource];
  return [
    permission.kind === 'unknown'
      ? violation(
          'PermissionRequired',
          path,
          `whether you have the verb "${verb}" on ${singular} ${object} could not be checked: ${permission.cause}`,
          'try again in a moment',
        )
      : violation(
          'PermissionRequired',
          path,
          `${what} needs the verb "${verb}" on ${singular} ${object}, and you do not have it`,
          `check with: kubectl auth can-i ${verb} ${resource}.${group}/${name} -n ${namespace}; ask a cluster admin for a Role with it`,
        ),
  ];
}
