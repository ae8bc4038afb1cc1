import { expect } from 'chai';
import { checkedCa, s3Location, s3Url } from '../../../src/io/object-store/s3-location.ts';
import type { StoreTarget } from '../../../src/io/object-store.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const at = (target: StoreTarget) =>
  s3Location({ endpoint: 'https://s3.example.com', bucket: 'snapshots', ...target }, credentials);

describe('where an S3 store is', () => {
  it('has the bucket in the host name, or in the path when asked', () => {
    const key = 'demo/bao/1.snap';
    expect(s3Url(at({}), key).href).to.equal('https://snapshots.s3.example.com/demo/bao/1.snap');
    expect(s3Url(at({ usePathStyle: true }), key).href).to.equal(
      'https://s3.example.com/snapshots/demo/bao/1.snap',
    );
    expect(s3Url(at({})).href).to.equal('https://snapshots.s3.example.com/');
  });

  it('keeps port and path of the endpoint', () => {
    const endpoint = 'http://store:9000/s3/';
    expect(s3Url(at({ endpoint, usePathStyle: true }), 'a').href).to.equal(
      'http://store:9000/s3/snapshots/a',
    );
    expect(s3Url(at({ endpoint }), 'a').href).to.equal('http://snapshots.store:9000/s3/a');
  });

  it('escapes what has a meaning in a URL', () => {
    expect(s3Url(at({}), 'a b/2.5.5+b1?#%.snap', { uploads: '' }).href).to.equal(
      'https://snapshots.s3.example.com/a%20b/2.5.5%2Bb1%3F%23%25.snap?uploads=',
    );
  });

  it('is us-east-1 when no region is named', () => {
    expect(at({}).region).to.equal('us-east-1');
    expect(at({ region: 'eu-central-1' }).region).to.equal('eu-central-1');
  });

  for (const [field, target] of [
    ['endpoint', { endpoint: '' }],
    ['endpoint', { endpoint: 'store:9000' }],
    ['endpoint', { endpoint: 'ftp://store' }],
    ['bucket', { bucket: '' }],
    ['bucket', { bucket: 'a/b' }],
    ['bucket', { bucket: 'evil.example.com#' }],
  ] as const) {
    it(`is refused with ${JSON.stringify(target)}, naming the field`, () => {
      expect(() => at(target))
        .to.throw(`spec.backup.target.${field}`)
        .with.property('reason', 'InvalidTarget');
    });
  }

  it('sends a session token only when there is one', () => {
    expect(at({}).credentials).not.to.have.property('sessionToken');
    const { credentials: withToken } = s3Location(
      { endpoint: 'https://s3.example.com', bucket: 'b' },
      { ...credentials, sessionToken: 'token' },
    );
    expect(withToken.sessionToken).to.equal('token');
  });

  it('needs no CA of its own', () => {
    expect(checkedCa(undefined)).to.equal(undefined);
  });
});
