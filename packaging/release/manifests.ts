import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { mustRun } from '../command.ts';
import { inTemporaryFolder } from '../image/archive.ts';
import { packageRoot } from '../package-root.ts';
import type { ApiObject } from './chart.ts';

/**
 * What `kubectl kustomize` makes of a folder below `manifests/` with this image.
 *
 * @param image `REPOSITORY:TAG@DIGEST`
 */
export function renderManifests(kubectl: string, path: string, image: string): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    cpSync(join(packageRoot, 'manifests'), join(folder, 'manifests'), { recursive: true });
    const [, newName, newTag, digest] = /^(.+):([^:@]+)@(.+)$/.exec(image) ?? [];
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [path],
      images: [{ name: 'rollguard', newName, newTag, digest }],
    };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return mustRun(kubectl, ['kustomize', folder]);
  });
}

export const objectsOf = (text: string): readonly ApiObject[] =>
  parseAllDocuments(text).map((document) => document.toJS() as ApiObject);
