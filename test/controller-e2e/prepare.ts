/** What upgrades need, without a test that asks for it: benchmarks do, too. */
import type { Ground } from '../cluster/test-cluster.ts';
import { rollguardImage } from '../cluster/images.ts';
import { openbaoImages, type OpenBaoImages } from '../openbao/images.ts';
import { prepareDriver } from './controller.ts';

export const [older, newer] = ['2.4.4', '2.5.5'] as const;

/** Gives a ground the images of these versions and ours, the kinds, the controller's rights and a namespace. */
export async function prepareUpgrades(
  ground: Ground,
  namespace: string,
  say: (line: string) => void,
  versions: readonly string[] = [older, newer],
): Promise<OpenBaoImages> {
  const images = await openbaoImages(versions, say);
  await images.prepare(ground);
  await ground.loadImage(await rollguardImage(() => {}));
  await prepareDriver(ground, namespace);
  return images;
}
