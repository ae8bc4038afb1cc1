import type { KubernetesObject } from '../../api/kubernetes.ts';
import { configuration } from './configuration.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child } from './metadata.ts';
import { names } from './names.ts';
import { files } from './paths.ts';
import { selfInit } from './self-init.ts';
import { startScript } from './start-script.ts';

/** What members start with. It holds no secret. */
export function configMap(inputs: WorkloadInputs): KubernetesObject {
  const { cluster, selfInitialise } = inputs;
  const name = names(cluster.metadata.name ?? '').config;
  const data = {
    [files.configuration]: json(configuration(inputs)),
    ...(selfInitialise ? { [files.selfInit]: json(selfInit(inputs)) } : {}),
    [files.start]: startScript,
  };
  return child(cluster, { apiVersion: 'v1', kind: 'ConfigMap', name }, { data });
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
