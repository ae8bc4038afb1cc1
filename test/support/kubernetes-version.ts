/** Names another Kubernetes than the one that test/cluster/components/kubernetes/go.mod pins, such as `1.35.4`. */
export const kubernetesVariable = 'ROLLGUARD_KUBERNETES';

/**
 * The other Kubernetes that is asked for, such as `v1.35.4`.
 *
 * @param pinned the version of go.mod; asking for that one is asking for nothing
 * @throws Error when the variable names no release
 */
export function otherKubernetes(
  pinned: string,
  wanted: string | undefined = process.env[kubernetesVariable],
): string | undefined {
  if (wanted === undefined || wanted === '') return undefined;
  const version = `v${wanted.replace(/^v/, '')}`;
  if (!/^v1\.\d+\.\d+$/.test(version))
    throw new Error(`${kubernetesVariable} is "${wanted}"; name a release such as 1.35.4`);
  return version === pinned ? undefined : version;
}

/**
 * The environment in which tests run on this release and no other: a cluster that the caller names may be of any.
 * Without a cluster they fail, for what was skipped was not run on it.
 */
export function environmentOn(version: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { KUBECONFIG: _cluster, ROLLGUARD_REQUIRE: required, ...rest } = env;
  const needs = (required ?? '').split(',').filter((name) => name.trim() !== '');
  return { ...rest, [kubernetesVariable]: version, ROLLGUARD_REQUIRE: [...needs, 'cluster'].join() };
}

/** What is built of it. */
export const commandsOfKubernetes = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
].map((name) => `k8s.io/kubernetes/cmd/${name}`);

/**
 * A go.mod from which a release of Kubernetes is built, made from its own: with what that requires, and its staging
 * modules by version instead of by folder, which are not in the module.
 *
 * @param own the go.mod of k8s.io/kubernetes
 * @throws Error when it does not look as expected
 */
export function wrapperModule(own: string, version: string): string {
  const go = /^go (\S+)$/m.exec(own)?.[1];
  const staging = [...own.matchAll(/^(?:replace )?\s*(k8s\.io\/\S+) => \.\/staging\//gm)].map(
    ([, path = '']) => path,
  );
  const required = [...own.matchAll(/^(?:require )?\s+(\S+) (v\S+)/gm)].filter(
    ([, path = '']) => !staging.includes(path),
  );
  if (go === undefined || staging.length === 0 || required.length === 0)
    throw new Error(`the go.mod of k8s.io/kubernetes ${version} is not understood`);
  const stagingVersion = version.replace(/^v1\./, 'v0.');
  return [
    'module rollguard.io/test/cluster/kubernetes',
    `go ${go}`,
    ...staging.map((path) => `replace ${path} => ${path} ${stagingVersion}`),
    ...commandsOfKubernetes.map((path) => `tool ${path}`),
    `require k8s.io/kubernetes ${version}`,
    ...required.map(([, path, its]) => `require ${path} ${its} // indirect`),
    '',
  ].join('\n');
}
