import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { KeyPair } from '../../certs/material.ts';
import { servingCertificate, type ServingCertificate } from '../../certs/serving.ts';
import { caAt, leafAt } from './authorities.ts';
import { recordingLogger, until } from './recording-logger.ts';

describe('a serving certificate from files', () => {
  let directory: string;
  let pairs: readonly [KeyPair, KeyPair];
  let serving: ServingCertificate;
  let logger: ReturnType<typeof recordingLogger>;
  let events: string[];
  let taken: KeyPair[];

  before(async () => {
    const ca = await caAt(Date.now());
    pairs = [await leafAt(Date.now(), ca), await leafAt(Date.now(), ca)];
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollguard-files-'));
    [logger, events, taken] = [recordingLogger(), [], []];
    serving = create(60_000);
  });

  afterEach(async () => {
    await serving.stop();
    rmSync(directory, { recursive: true });
  });

  function create(intervalMs: number): ServingCertificate {
    const observe = (event: string) => void events.push(event);
    const made = servingCertificate({ source: { kind: 'files', directory }, logger, observe, intervalMs });
    made.onChange((pair) => void taken.push(pair));
    return made;
  }

  /** As the kubelet mounts a Secret: files are links through `..data`, which is replaced in one step. */
  function mount(version: string, { cert, key }: Partial<KeyPair>): void {
    mkdirSync(join(directory, `..${version}`));
    if (cert !== undefined) writeFileSync(join(directory, `..${version}`, 'tls.crt'), cert);
    if (key !== undefined) writeFileSync(join(directory, `..${version}`, 'tls.key'), key);
    symlinkSync(`..${version}`, join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    for (const name of version === '1' ? ['tls.crt', 'tls.key'] : []) {
      symlinkSync(join('..data', name), join(directory, name));
    }
  }

  it('loads the pair and reloads it when Kubernetes swaps the mount, long before it would look again', async () => {
    mount('1', pairs[0]);
    await serving.start();
    expect(serving.current()).to.deep.equal(pairs[0]);
    mount('2', pairs[1]);
    await until('the second pair is taken', () => taken.length === 2);
    expect(taken).to.deep.equal([...pairs]);
    expect(serving.current()).to.deep.equal(pairs[1]);
    expect(events).to.include('read').and.not.include('error');
  });

  it('looks again by itself where changes are not announced', async () => {
    serving = create(50);
    // A link: what happens behind it is not seen from outside.
    const elsewhere = mkdtempSync(join(tmpdir(), 'rollguard-files-'));
    for (const [name, text] of [['tls.crt', pairs[0].cert] as const, ['tls.key', pairs[0].key] as const]) {
      writeFileSync(join(elsewhere, name), text);
      symlinkSync(join(elsewhere, name), join(directory, name));
    }
    await serving.start();
    writeFileSync(join(elsewhere, 'tls.crt'), pairs[1].cert);
    writeFileSync(join(elsewhere, 'tls.key'), pairs[1].key);
    await until('the second pair is taken', () => taken.length === 2);
    rmSync(elsewhere, { recursive: true });
  });

  it('keeps the last good pair while the files are half-written, and says so without the key', async () => {
    mount('1', pairs[0]);
    await serving.start();
    const half = pairs[1].key.slice(0, 100);
    const wrong: Partial<KeyPair>[] = [
      { cert: pairs[1].cert, key: pairs[0].key },
      { cert: pairs[1].cert.slice(0, 100), key: pairs[1].key },
      { cert: pairs[1].cert, key: half },
      { cert: '', key: '' },
      { key: pairs[1].key },
    ];
    for (const [index, pair] of wrong.entries()) {
      const errors = events.filter((event) => event === 'error').length;
      mount(`wrong-${index}`, pair);
      await until('the files are read', () => events.filter((event) => event === 'error').length > errors);
      expect(serving.current()).to.deep.equal(pairs[0]);
    }
    mount('good', pairs[1]);
    await until('the good pair is taken', () => taken.length === 2);
    const said = logger.lines.join('\n');
    expect(said).to.contain('the key does not belong to the certificate');
    expect(said).to.contain('the certificate cannot be read');
    expect(said).to.contain('the key cannot be read');
    expect(said).to.contain('no such file or directory');
    for (const { key } of pairs) expect(said).to.not.contain(key.split('\n')[1]);
  });

  it('waits for files that are not there yet', async () => {
    const started = serving.start();
    await until('it has looked', () => events.includes('error'));
    expect(() => serving.current()).to.throw('there is no serving certificate yet');
    mount('1', pairs[0]);
    await started;
    expect(serving.current()).to.deep.equal(pairs[0]);
  });

  it('gives up waiting at the signal, with its reason', async () => {
    const failure = await serving.start(AbortSignal.timeout(30)).catch((error: Error) => error.name);
    expect(failure).to.equal('TimeoutError');
  });

  it('takes no pair any more once it is stopped', async () => {
    mount('1', pairs[0]);
    await serving.start();
    await serving.stop();
    mount('2', pairs[1]);
    await new Promise((resolve) => void setTimeout(resolve, 200));
    expect(taken).to.deep.equal([pairs[0]]);
  });
});
