import type { Ground } from '../cluster/test-cluster.ts';
import { driverOn, type Driver } from '../controller-e2e/controller.ts';
import { succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { prepareReleases } from './prepare.ts';
import { servicesHandle, type ServicesHandle } from './services.ts';
import { removeNamespace } from '../support/namespace.ts';

/** A real node with the images of the tests, and a controller that is not started yet. */
export interface ReleaseSuite {
  readonly ground: Ground;
  readonly driver: Driver;
  readonly namespace: string;
  handle(name: string): ServicesHandle;
  /** What kubectl prints in the namespace. @throws Error when it fails */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Names of the Deployments of a MetadataServices. */
  deployments(of: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function releaseSuite(context: Mocha.Context, namespace: string): Promise<ReleaseSuite> {
  const ground = await ownGround(context, 'node');
  await prepareReleases(ground, namespace);
  const driver = await driverOn(ground);
  const kubectl = async (...args: readonly string[]) =>
    (await succeed(ground.kubectl(['-n', namespace, ...args]))).stdout;
  return {
    ground,
    driver,
    namespace,
    handle: (name) => servicesHandle(ground, namespace, name),
    kubectl,
    async deployments(of) {
      const path = 'jsonpath={.items[*].metadata.name}';
      const names = await kubectl('get', 'deployments', '-l', `app=${of}`, '-o', path);
      return names.split(' ').filter(Boolean).toSorted();
    },
    async stop() {
      await driver.stop();
      await removeNamespace(ground, namespace);
    },
  };
}
