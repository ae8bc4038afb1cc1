import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import type { ObjectEffect } from '../model/effect.ts';
import { pendingChildren, held, waiting, type Notice } from '../model/concern.ts';
import { sameValue } from '../model/same-value.ts';
import type { ReleaseObservation } from './observation.ts';

/** What children are rendered from: a change in this pass is rendered by the next one. */
const renderedFrom = (status: MetadataServicesStatus) => [
  status.step,
  status.activeReleaseVersion,
  status.pending?.version,
  status.pending?.created,
  status.cleaning?.version,
];

/** Made once and whole: what is in them is never taken apart again by a later apply. */
const created: ReadonlySet<string> = new Set(['Deployment', 'ControllerRevision']);

/**
 * Makes and mends the children that are not as the stored status wants them.
 *
 * @param status what all parts came to
 */
export function childEffects(
  { resource, deployments, drifted }: ReleaseObservation,
  status: MetadataServicesStatus,
): { readonly effects: readonly ObjectEffect[]; readonly notices: readonly Notice[] } {
  if (drifted.kind === 'unknown') {
    const message = `the managed objects could not be compared: ${drifted.cause}`;
    return { effects: [], notices: [waiting('ChildrenUnknown', message)] };
  }
  const isOutdated = !sameValue(renderedFrom(resource.status ?? {}), renderedFrom(status));
  if (isOutdated) return { effects: [], notices: [] };
  if (status.pausedAt !== undefined) return { effects: [], notices: pendingChildren(drifted.value) };
  const there = new Set(deployments.map(({ metadata }) => metadata.name));
  const effectFor = (object: KubernetesObject): ObjectEffect => ({
    kind:
      created.has(object.kind ?? '') && !(object.kind === 'Deployment' && there.has(object.metadata?.name))
        ? 'create'
        : 'apply',
    object,
  });
  return { effects: drifted.value.map(effectFor), notices: [] };
}

/** Characters of the API server's words: what to do must fit behind them. */
const longest = 1_000;

/** What the API server does not take is tried on, but only another spec, or another quota, makes it pass. */
export const refusals = ({ resource, refused = [] }: ReleaseObservation): readonly Notice[] =>
  refused.map(({ kind, name, message }) =>
    held('ApplyRefused', `the API server refuses ${kind} ${name}: ${message.slice(0, longest)}`, {
      remedy: 'Fix the spec',
      commands: [
        {
          line: `kubectl edit metadataservices ${resource.metadata.name} -n ${resource.metadata.namespace}`,
        },
      ],
    }),
  );
