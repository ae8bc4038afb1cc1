/** What upgrades need, without a test that asks for it: benchmarks do, too. */
import type { Ground } from '../cluster/test-cluster.ts';
import { rollguardImage } from '../cluster/images.ts';
import { openbaoImages, type OpenBaoImages } from '../openbao/images.ts';
import { prepareDriver } from './controller.ts';

/** From one version to another. */
export type VersionPair = readonly [older: string, newer: string];

/** Names another pair, such as `2.6.2,2.7.0-dev`, that upgrades are tested and measured with. */
const pairVariable = 'ROLLGUARD_UPGRADE';

/** The pair that was asked for. @throws Error when it is no pair */
export function askedPair(asked = process.env[pairVariable] ?? ''): VersionPair | undefined {
  if (asked === '') return undefined;
  const [from = '', to = '', ...more] = asked.split(',');
  if (from === '' || to === '' || more.length > 0)
    throw new Error(`${pairVariable} is "${asked}"; name two versions, such as 2.6.2,2.7.0-dev`);
  return [from, to];
}

export const [older, newer] = askedPair() ?? (['2.4.4', '2.5.5'] as const);

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
