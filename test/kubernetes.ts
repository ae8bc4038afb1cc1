/**
 * Runs what touches Kubernetes most, on another version of it than the one that all tests run on: the gate, the
 * install, a rolling and a blue-green upgrade, each below 2.6 and across it.
 *
 *     npm run test:kubernetes -- 1.35.4
 *
 * That version is built first, from Go's module proxy, which takes about 12 minutes on two cores; later it is there.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { packageRoot } from '../packaging/package-root.ts';
import { environmentOn, otherKubernetes } from './support/kubernetes-version.ts';

const files = [
  'test/cluster/test-cluster.cluster.test.ts',
  ...globSync('test/gate/*.cluster.test.ts', { cwd: packageRoot }).toSorted(),
  'test/core/workload/applied.cluster.test.ts',
  'test/controller-e2e/upgrade.cluster.test.ts',
  'test/controller-e2e/across-break.cluster.test.ts',
  'test/controller-e2e/bluegreen.cluster.test.ts',
  'test/controller-e2e/bluegreen-across.cluster.test.ts',
];

/** Runs Node.js to its end. @returns whether all is good */
function run(version: string, ...args: readonly string[]): boolean {
  const env = environmentOn(version, process.env);
  return spawnSync(process.execPath, args, { cwd: packageRoot, env, stdio: 'inherit' }).status === 0;
}

const [version = ''] = process.argv.slice(2);
try {
  if (version === '') throw new Error('name a version of Kubernetes, such as 1.35.4');
  // No version is pinned here: asked for by name, the one of go.mod is as good as any.
  otherKubernetes('', version);
  const isGood =
    run(version, 'test/cluster/main.ts', 'prepare') &&
    run(version, 'node_modules/mocha/bin/mocha.js', ...files);
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
