import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { MetadataServices } from '../../src/api/metadataservices.ts';
import { argoCdLua, type RunLua } from './lua.ts';
import { holdTables, statesOf } from './page.ts';
import type { ToldState } from './states.ts';

/** What Argo CD is given. */
const { data } = parse(readFileSync('manifests/gitops/argocd/argocd-cm.yaml', 'utf8')) as {
  readonly data: Readonly<Record<string, string>>;
};
const groups = {
  OpenBaoCluster: 'openbao.org',
  OpenBaoRestore: 'openbao.org',
  MetadataServices: 'e6data.io',
} as const;
type Kind = keyof typeof groups;

/** Of every kind it is the same. */
function healthScript(): string {
  const scripts = Object.entries(groups).map(
    ([kind, group]) => data[`resource.customizations.health.${group}_${kind}`],
  );
  const [first = '', ...others] = scripts;
  for (const each of others) expect(each).to.equal(first);
  return first;
}

interface Actions {
  readonly 'discovery.lua': string;
  readonly definitions: readonly { readonly name: string; readonly 'action.lua': string }[];
}
const actionsOf = (kind: Kind) =>
  parse(data[`resource.customizations.actions.${groups[kind]}_${kind}`] ?? '') as Actions;

function actionScript(kind: Kind, action: string): string {
  const found = actionsOf(kind).definitions.find(({ name }) => name === action);
  return found?.['action.lua'] ?? '';
}
const words = ['Healthy', 'Progressing', 'Degraded', 'Suspended'];

describe('Argo CD with the scripts of manifests/gitops', () => {
  let run: RunLua;
  before(async function () {
    run = await argoCdLua(this);
  });

  it('shows for every state what the table says, with a text as message (G6; UPDATE_TESTDATA=1 writes it)', () =>
    holdTables(async (states) => {
      const told = await run(
        healthScript(),
        states.map(({ object }) => object),
      );
      return told.map((each, index) => {
        const { status, message } = each as { readonly status: string; readonly message: unknown };
        expect(status).to.be.oneOf(words);
        expect(message, states[index]?.state).to.be.a('string').that.is.not.equal('');
        return { 'Argo CD': status };
      });
    }));

  it('names the person, the hold or the cause in its message', async () => {
    const states = Object.values(statesOf()).flat();
    const told = await run(
      healthScript(),
      states.map(({ object }) => object),
    );
    for (const [index, { state, object }] of states.entries()) {
      const { status, message } = told[index] as { readonly status: string; readonly message: string };
      if (status !== 'Degraded' && status !== 'Suspended') continue;
      const ready = object.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
      expect(message, state).to.equal(ready);
    }
  });

  /** The enabled actions of each state that has some. */
  async function enabled(
    kind: 'OpenBaoCluster' | 'MetadataServices',
  ): Promise<Readonly<Record<string, readonly string[]>>> {
    const states: readonly ToldState[] = statesOf()[kind];
    const { 'discovery.lua': discovery, definitions } = actionsOf(kind);
    const told = await run(
      discovery,
      states.map(({ object }) => object),
    );
    const defined = definitions.map(({ name }) => name);
    return Object.fromEntries(
      states.flatMap(({ state }, index) => {
        const actions = told[index] as Readonly<Record<string, { readonly disabled: boolean }>>;
        expect(Object.keys(actions).toSorted()).to.deep.equal(defined.toSorted());
        const possible = Object.keys(actions).filter((name) => actions[name]?.disabled === false);
        return possible.length === 0 ? [] : [[state, possible.toSorted()]];
      }),
    );
  }

  it('offers of a cluster what would be let through and comes to something', async () => {
    expect(await enabled('OpenBaoCluster')).to.deep.equal({
      'rolling upgrade, held': ['retry'],
      'blue-green upgrade, green starts': ['rollback'],
      'blue-green upgrade, waits for promote': ['promote', 'rollback'],
      'blue-green upgrade, votes move': ['rollback'],
      'blue-green upgrade, waits for cleanup': ['cleanup', 'rollback'],
      'rolled back, and the spec still asks for it': ['retry'],
      'break glass': ['acknowledge'],
    });
  });

  it('asks with a value that is new, in the field that the controller reads', async () => {
    const states = statesOf().OpenBaoCluster;
    const of = (state: string) => states.find((each) => each.state === state)?.object as OpenBaoCluster;
    const after = async (action: string, cluster: OpenBaoCluster) => {
      const [told] = await run(actionScript('OpenBaoCluster', action), [cluster]);
      return (told as OpenBaoCluster).spec;
    };
    for (const request of ['promote', 'cleanup', 'rollback', 'retry'] as const) {
      const { upgrade } = await after(request, of('ready'));
      expect(upgrade?.requests).to.have.all.keys(request);
      expect(upgrade?.requests?.[request]).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    const { upgrade } = await after('promote', of('blue-green upgrade, waits for promote'));
    expect(upgrade).to.deep.include({ strategy: 'BlueGreen', blueGreen: { autoPromote: false } });
    const broken = of('break glass');
    expect(broken.status?.breakGlass?.nonce).to.be.a('string');
    expect((await after('acknowledge', broken)).breakGlassAck).to.equal(broken.status?.breakGlass?.nonce);
  });

  it('rolls MetadataServices back to what served, and retries what was rejected', async () => {
    expect(await enabled('MetadataServices')).to.deep.equal({
      'first release, failed': ['retry'],
      'stable, after a second release': ['rollback'],
      'a release, becoming ready': ['rollback'],
      'a release, traffic is switched': ['rollback'],
      'a release that failed, the former one serves': ['retry', 'rollback'],
      'a rollback that was asked for': ['rollback'],
      'a sync puts back what was rolled back': ['retry', 'rollback'],
      'a sync puts an answered request back': ['rollback'],
    });
    const states = statesOf().MetadataServices;
    for (const { state, object } of states) {
      const resource = object as MetadataServices;
      const { activeReleaseVersion, releaseHistory = [] } = resource.status ?? {};
      if (activeReleaseVersion === undefined) continue;
      const [told] = await run(actionScript('MetadataServices', 'rollback'), [resource]);
      const to = (told as MetadataServices).metadata.annotations?.['e6data.io/rollback-to'];
      const found = releaseHistory.find(({ version }) => version === to)?.status;
      expect(found, state).to.be.oneOf(['Active', 'Superseded']);
    }
  });
});
