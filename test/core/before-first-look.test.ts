import { expect } from 'chai';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';
import { openBaoClusterStatus } from '../../src/api/openbaocluster-status.ts';
import { metadataServicesStatus } from '../../src/api/metadataservices-status.ts';
import { openBaoRestoreStatus } from '../../src/api/openbaorestore-status.ts';
import { parser } from '../../src/api/parse.ts';
import { decideCluster } from '../../src/core/cluster/decide.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { context, observation, settledCluster } from '../support/observation.ts';
import { SimulatedServices } from './release/simulated-services.ts';
import { SimulatedRestore } from './restore/simulated-restore.ts';

interface Crd {
  readonly spec: {
    readonly versions: readonly {
      readonly schema: {
        readonly openAPIV3Schema: { readonly properties: { readonly status: { readonly default?: object } } };
      };
    }[];
  };
}

/** The status that the API server gives a new object. */
const defaultOf = (crd: object) =>
  (crd as Crd).spec.versions[0]?.schema.openAPIV3Schema.properties.status.default;

/** What follows from the first look at an object with this status. */
const looks: Readonly<
  Record<
    string,
    { readonly crd: object; readonly schema: object; readonly look: (status: object | undefined) => object }
  >
> = {
  OpenBaoCluster: {
    crd: openBaoClusterCrd(),
    schema: openBaoClusterStatus,
    look: (status) => decideCluster(observation({ cluster: settledCluster({}, status ?? {}) }), context()),
  },
  MetadataServices: {
    crd: metadataServicesCrd(),
    schema: metadataServicesStatus,
    look(status) {
      const world = new SimulatedServices();
      world.resource = { ...world.resource, status: status ?? {} };
      return world.decide();
    },
  },
  OpenBaoRestore: {
    crd: openBaoRestoreCrd(),
    schema: openBaoRestoreStatus,
    look(status) {
      const world = new SimulatedRestore();
      world.restore = { ...world.restore, status: status ?? {} };
      return world.pass(0);
    },
  },
};

describe('an object that no controller has looked at (G4)', () => {
  for (const [kind, { crd, schema, look }] of Object.entries(looks)) {
    it(`is InProgress, not Current: ${kind}`, () => {
      const status = defaultOf(crd);
      expect(status).to.deep.equal({ observedGeneration: -1 });
      const object = { kind, metadata: { generation: 1 }, status: status ?? {} };
      expect(kstatusOf(object).status).to.equal('InProgress');
      // Why the default is there.
      expect(kstatusOf({ kind, metadata: { generation: 1 } }).status).to.equal('Current');
    });

    it(`is looked at as if it had no status: ${kind}`, () => {
      const status = defaultOf(crd);
      expect(() => parser(schema as typeof openBaoClusterStatus, 'status')(status)).to.not.throw();
      expect(look(status)).to.deep.equal(look(undefined));
      expect(look(status)).to.have.nested.property('status.observedGeneration', 1);
    });
  }
});
