import type { Ground } from '../cluster/test-cluster.ts';
import { provideVolumes } from '../cluster/volumes.ts';
import type { OpenBaoImages } from '../openbao/images.ts';
import { ownGround } from '../support/own-ground.ts';
import { driverOn, type Driver } from './controller.ts';
import { prepareUpgrades } from './prepare.ts';
import { removeNamespace } from '../support/namespace.ts';

export { newer, older } from './prepare.ts';

/** A node with volumes, images of OpenBao versions, and the controller's rights; the controller is not started. */
export interface DriverSuite {
  readonly ground: Ground;
  readonly driver: Driver;
  readonly images: OpenBaoImages;
  /** For the `after` hook. */
  end(): Promise<void>;
}

/** For a suite's `before` hook. Skips the suite where no node can be had. */
export async function driverSuite(
  context: Mocha.Context,
  namespace: string,
  versions?: readonly string[],
): Promise<DriverSuite> {
  const ground = await ownGround(context, 'node');
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const images = await prepareUpgrades(ground, namespace, say, versions);
  const driver = await driverOn(ground);
  // Last: where the suite does not begin, nobody ends it.
  const endVolumes = provideVolumes(ground);
  return {
    ground,
    driver,
    images,
    async end() {
      await driver.stop();
      await removeNamespace(ground, namespace);
      await endVolumes();
    },
  };
}
