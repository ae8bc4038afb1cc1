import type { KubernetesObject } from '../../api/kubernetes.ts';
import { configuration } from './configuration.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child } from './metadata.ts';
import { names } from '../model/names.ts';
import { configurationFile, files } from './paths.ts';
import { hasStaticSeal } from '../model/seal.ts';
import { sealCheckConfiguration, sealCheckScript } from './seal-check.ts';
import { selfInit } from './self-init.ts';
import { startScript } from './start-script.ts';

/** What members start with, for each set of them. It holds no secret. */
export function configMap(sets: readonly WorkloadInputs[]): KubernetesObject {
  const [first] = sets as readonly [WorkloadInputs, ...WorkloadInputs[]];
  const { cluster, revision, replicas } = first;
  const toJoin = Array.from({ length: replicas }, (_, ordinal) =>
    names(cluster.metadata.name ?? '', revision).pod(ordinal),
  );
  const data = {
    ...Object.fromEntries(
      sets.map((set) => [configurationFile(set.revision), json(configuration(set, toJoin))]),
    ),
    ...(first.selfInitialize ? { [files.selfInit]: json(selfInit(first)) } : {}),
    [files.start]: startScript,
    ...(hasStaticSeal(cluster)
      ? {}
      : {
          [files.sealCheck]: sealCheckScript,
          [files.sealCheckServer]: json(sealCheckConfiguration),
        }),
  };
  const { config: name } = names(cluster.metadata.name ?? '');
  return child(cluster, { apiVersion: 'v1', kind: 'ConfigMap', name }, { data });
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
