import { expect } from 'chai';
import { readEndpointPorts } from '../../../src/io/kubernetes/endpoint-ports.ts';
import { ApiError } from '../../../src/io/kubernetes/kubernetes.ts';

const kubernetes = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes';
const services = '/api/v1/namespaces/kube-system/services?k8s-app=kube-dns';
const slicesOf = (service: string) =>
  `/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?kubernetes.io/service-name=${service}`;

/** An API server that has this, by path and selector; a number is the status that it answers. */
function reading(stored: Readonly<Record<string, unknown>>) {
  const answer = (key: string): unknown => {
    const found = stored[key];
    if (typeof found === 'number') throw new ApiError('no', { status: found, reason: '' });
    return found;
  };
  return readEndpointPorts({
    get: async <T>(path: string) => answer(path) as T | undefined,
    list: async <T>(path: string, options?: { query?: Readonly<Record<string, string>> | undefined }) =>
      (answer(`${path}?${options?.query?.['labelSelector']}`) ?? []) as readonly T[],
  });
}

const apiServer = { ports: [{ name: 'https', port: 8443, protocol: 'TCP' }] };
const dnsService = {
  metadata: { name: 'kube-dns' },
  spec: {
    ports: [
      { name: 'dns', port: 53 },
      { name: 'dns-tcp', port: 53 },
      { name: 'metrics', port: 9153 },
    ],
  },
};
const dnsSlice = {
  ports: [
    { name: 'dns', port: 5353, protocol: 'UDP' },
    { name: 'dns-tcp', port: 5354, protocol: 'TCP' },
    { name: 'metrics', port: 9153, protocol: 'TCP' },
  ],
};
const whole = { [kubernetes]: apiServer, [services]: [dnsService], [slicesOf('kube-dns')]: [dnsSlice] };

describe('on which ports the API server and the DNS listen (V7)', () => {
  it('is read from their EndpointSlices, without the port of metrics', async () => {
    expect(await reading(whole)).to.deep.equal({
      apiServer: [8443],
      dns: [
        { port: 5353, protocol: 'UDP' },
        { port: 5354, protocol: 'TCP' },
      ],
    });
  });

  it('is read where the only port has no name', async () => {
    const service = { metadata: { name: 'coredns' }, spec: { ports: [{ port: 53 }] } };
    const slice = { ports: [{ name: '', port: 1053, protocol: 'UDP' }] };
    expect(await reading({ [services]: [service], [slicesOf('coredns')]: [slice] })).to.deep.equal({
      dns: [{ port: 1053, protocol: 'UDP' }],
    });
  });

  it('is left out where it is not there, or may not be read, each by itself', async () => {
    expect(await reading({})).to.deep.equal({});
    expect(await reading({ [kubernetes]: {}, [services]: [] })).to.deep.equal({});
    expect(await reading({ [kubernetes]: { ports: [{ port: null }] } })).to.deep.equal({});
    expect(await reading({ ...whole, [kubernetes]: 403 })).to.have.all.keys('dns');
    expect(await reading({ ...whole, [slicesOf('kube-dns')]: 403 })).to.deep.equal({ apiServer: [8443] });
  });

  it('is no answer while the API server fails: an outage must not close ports', async () => {
    for (const path of [kubernetes, services, slicesOf('kube-dns')]) {
      const outcome = await reading({ ...whole, [path]: 503 }).then(String, (error: unknown) => error);
      expect(outcome, path).to.be.instanceOf(ApiError);
    }
  });
});
