import { expect } from 'chai';
import { environmentOn, otherKubernetes, wrapperModule } from './kubernetes-version.ts';

describe('another Kubernetes for the tests', () => {
  it('is the release that is asked for, with or without its v', () => {
    expect(otherKubernetes('v1.36.3', '1.35.4')).to.equal('v1.35.4');
    expect(otherKubernetes('v1.36.3', 'v1.35.4')).to.equal('v1.35.4');
  });

  it('is none where nothing is asked for, or the one that is pinned', () => {
    for (const wanted of ['', '1.36.3', 'v1.36.3']) {
      expect(otherKubernetes('v1.36.3', wanted), wanted).to.equal(undefined);
    }
  });

  it('is a whole release, and nothing that could be a path', () => {
    for (const wanted of ['1.35', 'latest', '2.0.0', '1.35.4/..', '1.35.4-rc.0', ' 1.35.4']) {
      expect(() => otherKubernetes('v1.36.3', wanted), wanted).to.throw('name a release such as 1.35.4');
    }
  });

  it('is what tests run on, whatever cluster the caller names, and nothing is skipped for want of it', () => {
    const caller = {
      HOME: '/root',
      KUBECONFIG: '/a',
      ROLLGUARD_REQUIRE: 'openbao',
    };
    expect(environmentOn('1.35.4', caller)).to.deep.equal({
      HOME: '/root',
      ROLLGUARD_KUBERNETES: '1.35.4',
      ROLLGUARD_REQUIRE: 'openbao,cluster',
    });
    expect(environmentOn('1.35.4', {})).to.include({ ROLLGUARD_REQUIRE: 'cluster' });
  });

  const own = `module k8s.io/kubernetes

go 1.25.0

godebug default=go1.25

require (
	github.com/blang/semver/v4 v4.0.0
	go.etcd.io/etcd/api/v3 v3.6.5
	k8s.io/api v0.0.0
)

require (
	cel.dev/expr v0.24.0 // indirect
	k8s.io/client-go v0.0.0 // indirect
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/client-go => ./staging/src/k8s.io/client-go
)
`;

  it('is made from its own go.mod, with its staging modules by version', () => {
    const lines = wrapperModule(own, 'v1.35.4').split('\n');
    expect(lines).to.include.members([
      'go 1.25.0',
      'require k8s.io/kubernetes v1.35.4',
      'replace k8s.io/api => k8s.io/api v0.35.4',
      'replace k8s.io/client-go => k8s.io/client-go v0.35.4',
      'tool k8s.io/kubernetes/cmd/kubelet',
      'require cel.dev/expr v0.24.0 // indirect',
      'require go.etcd.io/etcd/api/v3 v3.6.5 // indirect',
    ]);
    expect(lines.filter((line) => line.includes('v0.0.0'))).to.deep.equal([]);
  });

  it('is not guessed from a go.mod of another look', () => {
    expect(() => wrapperModule('module k8s.io/kubernetes\n', 'v1.35.4')).to.throw('is not understood');
  });
});
