import { expect } from 'chai';
import * as fc from 'fast-check';
import type { KubernetesObject, StatefulSet } from '../../../src/api/kubernetes.ts';
import { appliedHashAnnotation, appliedImageAnnotation } from '../../../src/api/labels.ts';
import { isApplied, withHash } from '../../../src/core/workload/drift.ts';
import { imageOf } from '../../../src/core/model/server-container.ts';
import { appliedImage } from '../../../src/core/workload/applied-image.ts';
import { render } from '../../../src/core/workload/render.ts';
import { cluster } from '../../support/builders.ts';
import { setsOf } from './inputs-of.ts';

const rendered = render(
  setsOf(
    cluster({
      resources: { requests: { cpu: '500m' } },
      network: { egressRules: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 9000 }] }] },
    }),
  ),
);
const anObject = fc.constantFrom(...rendered);
const copy = (object: object): any => structuredClone(object);

/** What an API server may drop. */
const mayBeDropped = 'spec.updateStrategy.rollingUpdate.maxUnavailable';

/** Every object within, itself included, that is no element of a list that is ours as a whole. */
function objectsIn(value: any): any[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

/** Ways to every scalar within. */
function scalarsIn(value: any, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => scalarsIn(each, [...path, key]));
}

describe('comparing a child with what it should be', () => {
  it('finds applied what the API server gave defaults to', () => {
    fc.assert(
      fc.property(anObject, fc.infiniteStream(fc.boolean()), (desired, choices) => {
        const live = copy(desired);
        for (const object of objectsIn(live)) {
          if (choices.next().value === true) object.addedByTheServer = { deep: ['x', 1, null] };
        }
        live.status = { phase: 'Whatever' };
        expect(isApplied(desired, live)).to.equal(true);
      }),
    );
  });

  it('finds drifted what has another value anywhere, or lacks one', () => {
    fc.assert(
      fc.property(anObject, fc.nat(), fc.boolean(), (desired, pick, removes) => {
        const live = copy(desired);
        const paths = scalarsIn(live).filter(
          (path) =>
            !['apiVersion', 'kind'].includes(String(path[0])) &&
            !(removes && path.join('.') === mayBeDropped),
        );
        const path = paths[pick % paths.length] ?? [];
        const last = path.at(-1) ?? '';
        const parent = path.slice(0, -1).reduce((at, key) => at[key], live);
        if (!removes) parent[last] = `${parent[last]}x`;
        else if (Array.isArray(parent)) parent.splice(Number(last), 1);
        else delete parent[last];
        expect(isApplied(desired, live), path.join('.')).to.equal(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes a StatefulSet without maxUnavailable for ours, as an API server drops it, and no other value', () => {
    const [desired] = rendered.filter(({ kind }) => kind === 'StatefulSet');
    const liveWith = (rollingUpdate: object) => {
      const live = copy(desired ?? {});
      live.spec.updateStrategy.rollingUpdate = rollingUpdate;
      return live;
    };
    expect(isApplied(desired ?? {}, liveWith({ partition: 0 }))).to.equal(true);
    expect(isApplied(desired ?? {}, liveWith({ partition: 0, maxUnavailable: 1 }))).to.equal(true);
    for (const maxUnavailable of [2, '1', '34%'])
      expect(isApplied(desired ?? {}, liveWith({ partition: 0, maxUnavailable }))).to.equal(false);
    expect(isApplied(desired ?? {}, liveWith({ maxUnavailable: 1 }))).to.equal(false);
    const onDelete = copy(desired ?? {});
    onDelete.spec.updateStrategy = { type: 'OnDelete' };
    expect(isApplied(desired ?? {}, onDelete)).to.equal(false);
  });

  it('leaves alone what others added: a container, an owner, a label', () => {
    const statefulSet = rendered.find(({ kind }) => kind === 'StatefulSet') ?? {};
    const live = copy(statefulSet);
    live.metadata.ownerReferences.push({ uid: 'another', kind: 'Whatever' });
    live.metadata.labels.theirs = 'yes';
    live.spec.template.spec.containers.unshift({ name: 'sidecar', image: 'theirs' });
    live.spec.template.spec.containers[1].env.unshift({ name: 'THEIRS', value: '1' });
    expect(isApplied(statefulSet, live)).to.equal(true);
  });

  it('wants the lists that are ours as a whole exactly so', () => {
    const policy = rendered.find(({ kind }) => kind === 'NetworkPolicy') ?? {};
    const live = copy(policy);
    live.spec.ingress.push({});
    expect(isApplied(policy, live)).to.equal(false);
  });

  it('compares by place what its names do not tell apart', () => {
    const twice = (...values: readonly number[]) =>
      ({ spec: { list: values.map((value) => ({ name: 'a', value })) } }) as KubernetesObject;
    expect(isApplied(twice(1, 2), twice(1, 2))).to.equal(true);
    expect(isApplied(twice(2, 2), twice(1, 2))).to.equal(false);
  });

  it('takes an empty list for none, as the API server does', () => {
    const desired = { spec: { to: [] } } as KubernetesObject;
    expect(isApplied(desired, { spec: {} } as KubernetesObject)).to.equal(true);
    expect(isApplied(desired, { spec: { to: [1] } } as KubernetesObject)).to.equal(false);
  });

  it('takes no null for an object', () => {
    const desired = { spec: { selector: {} } } as KubernetesObject;
    expect(isApplied(desired, { spec: null } as KubernetesObject)).to.equal(false);
    expect(isApplied(desired, {})).to.equal(false);
  });

  describe('V3: an image that admission has spelled otherwise', () => {
    const set = rendered.find(({ kind }) => kind === 'StatefulSet') as StatefulSet;
    const asked = imageOf(set.spec?.template?.spec) ?? '';
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
    const spelled = (image: string, managedFields: readonly object[] = []): StatefulSet => {
      const live = copy(set);
      live.spec.template.spec.containers[0].image = image;
      live.metadata.managedFields = managedFields;
      return live;
    };
    const owning = (...path: readonly string[]) => ({
      fieldsV1: path.reduceRight<object>((below, name) => ({ [name]: below }), {}),
    });
    const image = owning('f:spec', 'f:template', 'f:spec', 'f:containers', 'k:{"name":"openbao"}', 'f:image');
    const ours = {
      fieldsV1: {
        ...image.fieldsV1,
        ...owning('f:metadata', 'f:annotations', `f:${appliedImageAnnotation}`).fieldsV1,
      },
    };

    it('is as it should be', () => {
      for (const each of [
        `${asked}@${digest}`,
        `mirror.example:5000/${asked}`,
        `mirror.example/bao@${digest}`,
      ]) {
        expect(isApplied(set, spelled(each, [ours])), each).to.equal(true);
        expect(isApplied(set, spelled(each)), each).to.equal(true);
        expect(appliedImage(spelled(each, [ours]))).to.equal(asked);
      }
      const pinned = withHash(spelled(`${asked}@${digest}`));
      expect(isApplied(pinned, copy(pinned))).to.equal(true);
    });

    it('is not where somebody else has written it, or where it is another one', () => {
      expect(isApplied(set, spelled(`mirror.example/${asked}`, [image, ours]))).to.equal(false);
      expect(appliedImage(spelled(`mirror.example/${asked}`, [image]))).to.equal(`mirror.example/${asked}`);
      for (const each of ['openbao/openbao:2.4.4', 'openbao/openbao', `openbao/openbao:2.4.4@${digest}`])
        expect(isApplied(set, spelled(each, [ours])), each).to.equal(false);
    });

    it("is nobody's word without what was asked for", () => {
      const live = spelled(`${asked}@${digest}`);
      expect(appliedImage({ ...live, metadata: {} })).to.equal(`${asked}@${digest}`);
    });
  });

  it('compares items of a list, which say no kind', () => {
    const desired = withHash({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    const { apiVersion: _, kind: __, ...item } = desired;
    expect(isApplied(desired, item)).to.equal(true);
  });

  it('notices by its mark that a field is no longer wanted', () => {
    const before = withHash({ metadata: { name: 'a' }, data: { a: '1', b: '2' } } as KubernetesObject);
    const after = withHash({ metadata: { name: 'a' }, data: { a: '1' } } as KubernetesObject);
    expect(isApplied(after, before)).to.equal(false);
    expect(withHash(before)).to.deep.equal(before);
    expect(Object.keys(before.metadata?.annotations ?? {})).to.deep.equal([appliedHashAnnotation]);
  });
});
