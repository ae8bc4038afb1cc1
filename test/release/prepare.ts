/** What releases need, without a test that asks for it: benchmarks do, too. */
import type { Ground } from '../cluster/test-cluster.ts';
import { baseImage } from '../cluster/images.ts';
import { prepareDriver } from '../controller-e2e/controller.ts';
import { loadServiceImages } from './images.ts';

/** Gives a ground the images of the tests, the kinds, the controller's rights and a namespace. */
export async function prepareReleases(ground: Ground, namespace: string): Promise<void> {
  await ground.loadImage(await baseImage([], () => {}));
  await loadServiceImages(ground, {
    '1.0': 'good',
    '1.1': 'good',
    '1.2': 'good',
    crashes: 'crashes',
    'never-ready': 'never-ready',
    breaks: 'breaks',
  });
  await prepareDriver(ground, namespace);
}
