import type { MetadataServices } from '../../src/api/metadataservices.ts';
import { baseTag } from '../cluster/images.ts';
import type { Ground, KubectlResult } from '../cluster/test-cluster.ts';
import { until } from '../certs/recording-logger.ts';
import { succeed } from '../support/gate.ts';
import { storedObject } from '../support/stored-object.ts';

/** One MetadataServices, as a person works with it. */
export interface ServicesHandle {
  readonly name: string;
  /** @param flags such as those of server-side apply */
  apply(spec: object, ...flags: readonly string[]): Promise<void>;
  patch(patch: object): Promise<void>;
  annotate(...annotations: readonly string[]): Promise<KubectlResult>;
  read(): Promise<MetadataServices>;
  /** @throws Error that shows its status when it does not become so */
  until(
    what: string,
    isSo: (services: MetadataServices) => boolean,
    timeoutMs?: number,
  ): Promise<MetadataServices>;
}

export function servicesHandle(ground: Ground, namespace: string, name: string): ServicesHandle {
  const kubectl = (args: readonly string[], input?: object) =>
    ground.kubectl(['-n', namespace, ...args], input === undefined ? {} : { input: JSON.stringify(input) });
  const type = { apiVersion: 'e6data.io/v1alpha1', kind: 'MetadataServices' };
  const { read, until: untilIt } = storedObject<MetadataServices>(ground, { ...type, namespace, name });
  return {
    name,
    read,
    async apply(spec, ...flags) {
      const object = { ...type, metadata: { name }, spec };
      await succeed(kubectl(['apply', ...flags, '-f', '-'], object));
    },
    async patch(patch) {
      await succeed(
        kubectl(['patch', 'metadataservices', name, '--type=merge', '-p', JSON.stringify(patch)]),
      );
    },
    annotate: (...annotations) => succeed(kubectl(['annotate', 'metadataservices', name, ...annotations])),
    until: (what, isSo, timeoutMs = 240_000) => untilIt(what, isSo, timeoutMs),
  };
}

/** Whether it is at rest, and speaks of its newest spec. */
export const isStable = ({ metadata, status }: MetadataServices): boolean =>
  status?.deploymentPhase === 'Stable' && status.observedGeneration === metadata.generation;

export const serves =
  (storageTag: string) =>
  (services: MetadataServices): boolean =>
    isStable(services) &&
    services.status?.releaseHistory?.some(
      (each) => each.version === services.status?.activeReleaseVersion && each.storageTag === storageTag,
    ) === true;

/** The newest release that ended. */
export const newest = ({ status }: MetadataServices) => status?.releaseHistory?.at(-1);

/**
 * A client that asks a Service of no color all the while, each time on a connection of its own: from its first
 * answer on, none may be missing.
 */
export interface Poller {
  /** All answers so far, and what went wrong. */
  stop(): Promise<{
    readonly answered: number;
    readonly failures: readonly string[];
    readonly tags: readonly string[];
  }>;
}

const script = `
const { request } = require('node:http');
const failures = []; const tags = []; let answered = 0;
// Before the first answer the node may not know the Service yet.
const fails = (why) => { if (answered > 0) failures.push(new Date().toISOString() + ' after ' + answered + ' answers: ' + why); };
const ask = () => new Promise((resolve) => {
  const call = request({ host: process.env.HOST, port: 9005, agent: false, timeout: 3000 }, (response) => {
    let body = '';
    response.on('data', (chunk) => (body += chunk));
    response.on('end', () => {
      if (response.statusCode !== 200) fails('HTTP ' + response.statusCode);
      else { answered += 1; const { tag } = JSON.parse(body); if (tags.at(-1) !== tag) tags.push(tag); }
      resolve();
    });
  });
  call.on('timeout', () => call.destroy(new Error('no answer within 3 s')));
  call.on('error', (error) => { fails(error.message); resolve(); });
  call.end();
});
(async () => {
  for (;;) {
    await ask();
    console.log(JSON.stringify({ answered, failures: failures.slice(0, 20), tags }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
})();
`;

export async function startPoller(ground: Ground, namespace: string, service: string): Promise<Poller> {
  const name = `poller-${service}`;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      enableServiceLinks: false,
      containers: [
        {
          name: 'poller',
          image: baseTag,
          imagePullPolicy: 'Never',
          command: ['node', '-e', script],
          env: [{ name: 'HOST', value: service }],
        },
      ],
    },
  };
  const kubectl = (...args: readonly string[]) => succeed(ground.kubectl(['-n', namespace, ...args]));
  await succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(pod) }));
  await until('its first answer', async () => {
    const { stdout } = await ground.kubectl(['-n', namespace, 'logs', name, '--tail=1']);
    return /"answered":[1-9]/.test(stdout);
  });
  return {
    async stop() {
      const { stdout } = await kubectl('logs', name, '--tail=1');
      await kubectl('delete', 'pod', name, '--force', '--grace-period=0');
      return JSON.parse(stdout) as Awaited<ReturnType<Poller['stop']>>;
    },
  };
}
