import { globSync } from 'node:fs';
import { expect } from 'chai';
import { loadedBy, loadedOnce, reachedFrom } from './support/imports.ts';

/** What starts other programs for a test: a Kubernetes, OpenBao's servers, promtool, the bundler. */
const startsPrograms = (file: string) =>
  file.startsWith('test/cluster/') ||
  [
    'test/core/workload/one-member.ts',
    'test/executor/openbao-servers.ts',
    'test/openbao/local-cluster.ts',
    'test/support/promtool.ts',
    'packaging/bundle.ts',
    'packaging/image/archive.ts',
  ].includes(file);

const loaded = loadedOnce();

/** The way from a test to the first such file, or undefined where there is none. */
function wayTo(file: string): string | undefined {
  const reached = reachedFrom(file, loaded);
  const found = [...reached.keys()].find(startsPrograms);
  if (found === undefined) return undefined;
  const way = [found];
  for (let by = reached.get(found); by !== undefined; by = reached.get(by)) way.unshift(by);
  return way.join(' > ');
}

describe('the tests that npm run unit leaves out', () => {
  const files = globSync('test/**/*.test.ts').toSorted();
  const isOfCluster = (file: string) => file.endsWith('.cluster.test.ts');

  it('are all those that start a cluster or an external program', () => {
    const wrong = files.filter((file) => !isOfCluster(file)).flatMap((file) => wayTo(file) ?? []);
    expect(wrong).to.deep.equal([]);
  });

  it('are no others', () => {
    const wrong = files.filter(isOfCluster).filter((file) => wayTo(file) === undefined);
    expect(wrong).to.deep.equal([]);
  });

  it('are told by what is loaded, not by types', () => {
    expect(loadedBy('test/support/promtool.ts')).to.include('test/cluster/components.ts');
    expect(loadedBy('packaging/image/dockerfile.ts')).not.to.include('packaging/image/archive.ts');
  });
});
