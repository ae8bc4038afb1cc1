import type { KubernetesClient } from '../src/io/kubernetes/kubernetes.ts';
import {
  notePublication,
  publishCaBundle,
  publishedSince,
  type Publication,
  type PublicationRecord,
  type WebhookConfigurations,
} from './ca-bundle.ts';
import { decide, type Decision } from './decide.ts';
import { carryOut, serviceNames } from './issue.ts';
import type { Logger } from './logger.ts';
import { faultOfPair, readBundle, writeBundle, type KeyPair, type Material } from './material.ts';
import { defaultSchedule, type Schedule } from './schedule.ts';
import { createSecret, readSecret, updateSecret, type SecretName, type StoredMaterial } from './secret.ts';

/** Our own CA, in a Secret that the replicas share. */
export interface SecretSource {
  readonly kind: 'secret';
  readonly client: KubernetesClient;
  /** The Secret; its namespace is the Service's too. */
  readonly secret: SecretName;
  /** The Service in front of the replicas. */
  readonly service: string;
  /** DNS names and IP addresses to carry beside those of the Service. */
  readonly furtherNames?: readonly string[] | undefined;
  /** Whose caBundle to keep. */
  readonly webhookConfigurations: WebhookConfigurations;
  readonly schedule?: Schedule | undefined;
}

interface Round {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly logger: Logger;
  readonly observe: (event: 'read' | 'error') => void;
  /** Takes the pair to serve with from here on. */
  readonly use: (pair: KeyPair) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes the function that does one round: read the Secret (or make it), publish its CA bundle, take the one
 * step that is due, hand over the leaf. Whatever fails, a leaf that can serve is handed over first.
 *
 * The function throws Error if anything has failed; the next round tries again.
 */
export function ownCaKeeper(source: SecretSource): (round: Round) => Promise<void> {
  let record: PublicationRecord | undefined;
  const publishIn = async (round: Round, { caBundle }: Material): Promise<readonly Error[]> => {
    const authorities = readBundle(caBundle);
    if (authorities === undefined) return [];
    const bundle = writeBundle(authorities);
    const publication = await publish(source, bundle, round);
    record = notePublication(record, bundle, publication, round.now);
    return publication.failures;
  };

  return async (round) => {
    const { use, now } = round;
    const stored = await readOrCreate(source, round);
    let { material } = stored;
    let failures: readonly Error[] = [];
    try {
      failures = await publishIn(round, material);
      const decision = decide(material, { ...wanted(source), now, publishedSince: publishedSince(record) });
      if (decision.kind !== 'keep') {
        material = await act(source, stored, decision, round);
        failures = await publishIn(round, material);
      }
    } finally {
      if (faultOfPair(material.leaf) === undefined) use(material.leaf);
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
    }
  };
}

const wanted = ({ service, secret, furtherNames = [], schedule = defaultSchedule }: SecretSource) => ({
  names: [...serviceNames(service, secret.namespace), ...furtherNames],
  schedule,
});

async function read(
  { client, secret }: SecretSource,
  { observe, signal }: Round,
): Promise<StoredMaterial | undefined> {
  try {
    const stored = await readSecret(client, secret, signal);
    observe('read');
    return stored;
  } catch (error) {
    observe('error');
    throw error;
  }
}

async function readOrCreate(source: SecretSource, round: Round): Promise<StoredMaterial> {
  const found = await read(source, round);
  if (found !== undefined) return found;
  const { client, secret } = source;
  const decision: Decision = { kind: 'reissueEverything', why: 'there is no Secret' };
  const material = await carryOut(decision, undefined, { ...wanted(source), now: round.now });
  const created = await createSecret(client, secret, material, round.signal);
  if (created !== undefined) {
    tell(source, decision, round);
    return created;
  }
  return readAgain(source, round);
}

async function act(
  source: SecretSource,
  stored: StoredMaterial,
  decision: Exclude<Decision, { kind: 'keep' }>,
  round: Round,
): Promise<Material> {
  const { client, secret } = source;
  const next = await carryOut(decision, stored.material, { ...wanted(source), now: round.now });
  const updated = await updateSecret(client, secret, stored, next, round.signal);
  if (updated === undefined) return (await readAgain(source, round)).material;
  tell(source, decision, round);
  return updated.material;
}

/** Another replica was faster, and what it wrote counts. */
async function readAgain(source: SecretSource, round: Round): Promise<StoredMaterial> {
  const found = await read(source, round);
  if (found !== undefined) return found;
  throw new Error(
    `the Secret ${source.secret.namespace}/${source.secret.name} vanished while it was being written`,
  );
}

function tell(
  { secret }: SecretSource,
  decision: Exclude<Decision, { kind: 'keep' }>,
  { logger }: Round,
): void {
  const fields = { secret: `${secret.namespace}/${secret.name}`, decision: decision.kind, why: decision.why };
  if (decision.kind === 'reissueEverything') logger.warn(fields, 'issued a new CA and serving certificate');
  else logger.info(fields, 'went on with the serving certificate');
}

async function publish(
  { client, webhookConfigurations }: SecretSource,
  bundle: string,
  { logger, signal }: Round,
): Promise<Publication> {
  const publication = await publishCaBundle(client, webhookConfigurations, bundle, signal);
  const { written } = publication;
  if (written.length > 0) logger.info({ configurations: written }, 'published the CA bundle');
  return publication;
}
