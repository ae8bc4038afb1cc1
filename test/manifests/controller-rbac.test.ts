import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly rules?: readonly {
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

describe('what the controller may do', () => {
  let roles: readonly Role[];
  before(async () => {
    const documents = parseAllDocuments(await readFile('manifests/controller/10-rbac.yaml', 'utf8'));
    roles = documents.map((document) => document.toJS() as Role).filter(({ rules }) => rules !== undefined);
  });

  /** The resources that a verb is granted on. */
  const granted = (verb: string) =>
    roles
      .flatMap(({ rules = [] }) => rules)
      .filter(({ verbs }) => verbs.includes(verb))
      .flatMap(({ resources = [] }) => resources)
      .toSorted();

  it('deletes what it has effects for, and nothing else', () => {
    expect(granted('delete')).to.deep.equal([
      'controllerrevisions',
      'deployments',
      'jobs',
      'persistentvolumeclaims',
      'pods',
      'secrets',
      'statefulsets',
    ]);
    expect(granted('deletecollection')).to.deep.equal([]);
  });

  it('replaces whole only what it reads first', () => {
    expect(granted('update')).to.deep.equal([
      'leases',
      'metadataservices/finalizers',
      'metadataservices/status',
      'openbaoclusters/finalizers',
      'openbaoclusters/status',
      'openbaorestores/status',
      // The Role that it makes for the members' own label grants it.
      'pods',
      'secrets',
    ]);
  });

  it('reads where the API server listens by its name, and where the DNS does in kube-system alone', () => {
    const rules = roles.flatMap((role) =>
      (role.rules ?? [])
        .filter(({ resources }) => resources?.includes('endpointslices') === true)
        .map(({ resourceNames, verbs }) => ({
          kind: role.kind,
          namespace: role.metadata.namespace,
          resourceNames,
          verbs,
        })),
    );
    expect(rules).to.deep.equal([
      { kind: 'ClusterRole', namespace: undefined, resourceNames: ['kubernetes'], verbs: ['get'] },
      { kind: 'Role', namespace: 'kube-system', resourceNames: undefined, verbs: ['list'] },
    ]);
  });

  it('names nothing with a wildcard, and lists and watches no Secret', () => {
    const all = roles.flatMap(({ rules = [] }) => rules);
    expect(all.flatMap(({ resources = [], verbs }) => [...resources, ...verbs])).not.to.include('*');
    expect(granted('list').concat(granted('watch'))).not.to.include('secrets');
  });
});
