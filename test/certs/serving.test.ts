import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { missingNames, type KeyPair } from '../../certs/material.ts';
import { servingCertificate, type ServingCertificate } from '../../certs/serving.ts';
import type { Call } from '../../src/io/kubernetes/kubernetes.ts';
import { dayMs } from './authorities.ts';
import { recordingLogger, until } from './recording-logger.ts';
import { refusal, SimulatedApi } from './simulated-api.ts';

const secretPath = '/api/v1/namespaces/system/secrets/rollguard-tls';
const validating = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/rollguard';
const mutating = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollguard';

describe('a serving certificate from a Secret', () => {
  let api: SimulatedApi;
  let logger: ReturnType<typeof recordingLogger>;
  let events: string[];
  let now: number;
  let started: ServingCertificate[];

  beforeEach(() => {
    api = new SimulatedApi();
    api.put(validating, configuration('a', 'b'));
    api.put(mutating, configuration('c'));
    api.put('/api/v1/namespaces/system', { metadata: { name: 'system', uid: 'of-system' } });
    [logger, events, started, now] = [recordingLogger(), [], [], Date.now()];
  });

  afterEach(() => Promise.all(started.map((each) => each.stop())));

  const configuration = (...names: string[]) => ({
    metadata: { name: 'rollguard' },
    webhooks: names.map((name) => ({ name, clientConfig: { service: { name: 'rollguard' } } })),
  });

  function replica(client = api, furtherNames: string[] = []): ServingCertificate {
    const made = servingCertificate({
      source: {
        kind: 'secret',
        client,
        secret: { namespace: 'system', name: 'rollguard-tls' },
        service: 'rollguard',
        furtherNames,
        webhookConfigurations: {
          validating: ['rollguard', 'absent'],
          mutating: ['rollguard'],
          namespace: 'system',
        },
      },
      logger,
      observe: (event) => void events.push(event),
      intervalMs: 10,
      clock: () => now,
    });
    started.push(made);
    return made;
  }

  const stored = (name: string) =>
    Buffer.from(api.objects.get(secretPath)?.data?.[name] ?? '', 'base64').toString();
  const store = (data: Record<string, string>) => {
    const base64 = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
    const before = api.objects.get(secretPath) ?? { metadata: { name: 'rollguard-tls' } };
    api.put(secretPath, {
      ...before,
      data: { ...('data' in before ? before.data : {}), ...Object.fromEntries(base64) },
    });
  };
  const bundles = () =>
    [validating, mutating].flatMap((path) =>
      (api.objects.get(path)?.webhooks ?? []).map(({ clientConfig }) =>
        Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
      ),
    );
  const rounds = async (count: number) => {
    const before = events.length;
    await until(`${count} rounds`, () => events.length >= before + count);
  };
  const serves = ({ cert, key }: KeyPair) => cert === stored('tls.crt') && key === stored('tls.key');
  const writes = () => api.calls.filter((call) => !call.startsWith('GET'));

  it('makes the Secret, publishes its CA in every webhook, and then rests', async () => {
    const serving = replica(api, ['192.0.2.1']);
    await serving.start();
    expect(serves(serving.current())).to.equal(true);
    const leaf = new X509Certificate(serving.current().cert);
    expect(missingNames(leaf, ['rollguard.system.svc', '192.0.2.1'])).to.deep.equal([]);
    expect(bundles()).to.deep.equal([stored('ca.crt'), stored('ca.crt'), stored('ca.crt')]);
    await rounds(5);
    expect(writes()).to.deep.equal([
      'POST /api/v1/namespaces/system/secrets',
      `PATCH ${validating}`,
      `PATCH ${mutating}`,
    ]);
  });

  it('gives replicas that start at once the same certificate, and repairs it once', async () => {
    const replicas = [replica(), replica(), replica()];
    await Promise.all(replicas.map((each) => each.start()));
    for (const each of replicas) expect(serves(each.current())).to.equal(true);
    expect(logger.lines.filter((line) => line.includes('issued a new CA'))).to.have.length(1);
    store({ 'tls.crt': '' });
    await until('it is repaired', () => replicas.every((each) => serves(each.current())));
    await rounds(6);
    expect(logger.lines.filter((line) => line.includes('went on with'))).to.have.length(1);
    expect(logger.lines.filter((line) => line.startsWith('warn the serving'))).to.deep.equal([]);
  });

  it('starts as soon as the API can be reached, and not before', async () => {
    let isDown = true;
    api.before = () => {
      if (isDown) throw refusal(0, 'Unreachable');
    };
    const serving = replica();
    const start = serving.start();
    await until('three tries', () => events.length >= 3);
    expect(events).to.not.include('read');
    expect(() => serving.current()).to.throw('no serving certificate yet');
    isDown = false;
    await start;
    expect(serves(serving.current())).to.equal(true);
  });

  it('goes on serving with the last good certificate while the API is away', async () => {
    const serving = replica();
    await serving.start();
    const before = serving.current();
    api.before = () => {
      throw refusal(0, 'Unreachable');
    };
    await until('failures', () => events.filter((event) => event === 'error').length > 2);
    expect(serving.current()).to.equal(before);
  });

  it('serves with what is stored where nothing may be written', async () => {
    await replica().start();
    await started[0]?.stop();
    now += 70 * dayMs;
    api.put(validating, configuration('a'));
    api.before = ({ method }: Call) => {
      if (method !== 'GET') throw refusal(403, 'Forbidden');
    };
    const serving = replica();
    await serving.start();
    expect(serves(serving.current())).to.equal(true);
    expect(logger.lines.join('\n')).to.contain('Forbidden');
  });

  it('publishes in the other configurations when one cannot be written', async () => {
    api.before = ({ method, path }: Call) => {
      if (method === 'PATCH' && path === validating) throw refusal(403, 'Forbidden');
    };
    await replica().start();
    expect(bundles()).to.deep.equal(['', '', stored('ca.crt')]);
  });

  it('repairs a caBundle that somebody took away, and creates no configuration', async () => {
    await replica().start();
    api.put(validating, configuration('a', 'b'));
    api.objects.delete(mutating);
    await until('the caBundle is back', () => bundles().every((bundle) => bundle === stored('ca.crt')));
    await rounds(3);
    expect([...api.objects.keys()]).to.have.members(['/api/v1/namespaces/system', secretPath, validating]);
  });

  it('does not write a configuration that changed after it was read', async () => {
    const atPatch = ({ method }: Call) => {
      if (method !== 'PATCH') return;
      api.before = () => {};
      api.put(validating, configuration('a', 'b', 'd'));
    };
    api.before = atPatch;
    await replica().start();
    await until('the caBundle is there', () => bundles().every((bundle) => bundle === stored('ca.crt')));
    expect(logger.lines.join('\n')).to.contain('Invalid');
  });

  it('makes everything anew when the Secret is deleted, and tells those who listen', async () => {
    const [serving, other] = [replica(), replica()];
    const taken: KeyPair[] = [];
    await serving.start();
    await other.start();
    other.onChange((pair) => void taken.push(pair));
    const before = serving.current();
    api.objects.delete(secretPath);
    await until('both serve the new one', () =>
      [serving, other].every((each) => each.current().cert !== before.cert),
    );
    expect(serves(serving.current())).to.equal(true);
    expect(taken).to.deep.equal([serving.current()]);
    await until('it is published', () => bundles().every((bundle) => bundle === stored('ca.crt')));
  });

  it('goes on when a listener throws', async () => {
    const serving = replica();
    await serving.start();
    serving.onChange(() => {
      throw new Error('not this one');
    });
    api.objects.delete(secretPath);
    await until('it is logged', () => logger.lines.some((line) => line.includes('not this one')));
    await rounds(2);
    expect(logger.lines.filter((line) => line.startsWith('warn the serving'))).to.deep.equal([]);
  });

  it('leaves what else is in the Secret, and its labels, as they are', async () => {
    api.put(secretPath, {
      metadata: { name: 'rollguard-tls', labels: { team: 'storage' } },
      type: 'Opaque',
      data: { note: 'aGVsbG8=' },
    });
    await replica().start();
    const secret = api.objects.get(secretPath);
    expect(secret).to.include({ type: 'Opaque' });
    expect(secret?.metadata).to.deep.include({ labels: { team: 'storage' } });
    expect(secret?.data).to.include({ note: 'aGVsbG8=' }).and.have.property('tls.key');
  });

  const garbage: { name: string; data: () => Record<string, string>; why: string }[] = [
    {
      name: 'a truncated certificate',
      data: () => ({ 'tls.crt': stored('tls.crt').slice(0, 200) }),
      why: 'the certificate cannot be read',
    },
    {
      name: 'a key of something else',
      data: () => ({ 'tls.key': stored('ca.key') }),
      why: 'the key does not belong to the certificate',
    },
    {
      name: 'bytes that are no text',
      data: () => ({ 'ca.crt': '\0\u00ff' }),
      why: 'there is no CA that can be read',
    },
  ];
  for (const { name, data, why } of garbage) {
    it(`replaces ${name} in the Secret and says why, without a key`, async () => {
      const serving = replica();
      await serving.start();
      const before = serving.current();
      const keys = [stored('tls.key'), stored('ca.key')];
      store(data());
      await until('it is replaced', () => serving.current() !== before);
      keys.push(stored('tls.key'), stored('ca.key'));
      expect(serves(serving.current())).to.equal(true);
      expect(bundles()).to.deep.equal([stored('ca.crt'), stored('ca.crt'), stored('ca.crt')]);
      const said = logger.lines.join('\n');
      expect(said).to.contain(why);
      for (const key of keys) expect(said).to.not.contain(key.split('\n')[1]);
    });
  }

  it('rotates the CA in the order in which nobody stops trusting', async () => {
    const serving = replica();
    await serving.start();
    const first = { ca: stored('ca.crt'), leaf: serving.current() };
    const atEnd = async (days: number) => {
      now += days * dayMs;
      await rounds(4);
    };
    for (let renewals = 0; renewals < 4; renewals += 1) await atEnd(61);
    await rounds(4);
    expect(stored('ca.crt').endsWith(first.ca)).to.equal(true);
    expect(stored('ca.crt').length).to.be.greaterThan(first.ca.length);
    const second = stored('ca.crt').slice(0, -first.ca.length);
    const beforeMove = serving.current();
    now += 59 * 60_000;
    await rounds(3);
    expect(serving.current()).to.equal(beforeMove);
    now += 2 * 60_000;
    await until('the leaf moves', () => serving.current() !== beforeMove);
    expect(stored('ca.crt')).to.equal(second + first.ca);
    now += dayMs;
    await until('the old CA goes', () => bundles().every((bundle) => bundle === second));
  });

  it('cannot be started twice', async () => {
    const serving = replica();
    await serving.start();
    const failure = await serving.start().catch((error: Error) => error.message);
    expect(failure).to.equal('the serving certificate is already being kept');
  });

  it('asks nothing more once it is stopped', async () => {
    const serving = replica();
    const stop = new AbortController();
    await serving.start(stop.signal);
    stop.abort();
    await serving.stop();
    const before = api.calls.length;
    await new Promise((resolve) => void setTimeout(resolve, 60));
    expect(api.calls.length).to.equal(before);
  });
});
