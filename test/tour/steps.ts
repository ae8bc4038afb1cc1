import type { Ground, KubectlResult } from '../cluster/ground.ts';
import { rollguardTag } from '../cluster/images.ts';
import { cluster, succeed } from '../support/gate.ts';

const namespace = 'demo';

/** One thing that the tour tries, and what must come of it. */
export interface Attempt {
  readonly title: string;
  readonly args: readonly string[];
  /** The reason of the refusal; absent where it must pass. */
  readonly reason?: string;
}

const patch = (spec: object): readonly string[] => [
  'patch',
  'openbaocluster',
  'prod',
  '--type=merge',
  '-p',
  JSON.stringify({ spec }),
];

/** What is tried, in this order. */
export const attempts: readonly Attempt[] = [
  { title: 'A downgrade', args: patch({ version: '2.4.4' }), reason: 'DowngradeBlocked' },
  {
    title: 'An image that is another version',
    args: patch({ version: '2.6.0', image: 'openbao/openbao:2.4.4' }),
    reason: 'ImageVersionMismatch',
  },
  {
    title: 'An acknowledgement from an earlier incident',
    args: patch({ breakGlassAck: 'the-nonce-of-last-week' }),
    reason: 'StaleNonce',
  },
  {
    title: 'A pod deleted unannounced',
    args: ['delete', 'pod', 'prod-0'],
    reason: 'MaintenanceRequired',
  },
  {
    title: 'The right acknowledgement, and automation resumes',
    args: patch({ paused: false, breakGlassAck: 'nonce-of-this-incident' }),
  },
  { title: 'Maintenance, announced', args: patch({ maintenance: { enabled: true } }) },
  {
    title: "(the controller's part, until it is here: the annotation on the pod)",
    args: ['annotate', 'pod', 'prod-0', 'openbao.org/maintenance=true'],
  },
  { title: 'The same pod, deleted in maintenance', args: ['delete', 'pod', 'prod-0'] },
  { title: 'An upgrade', args: patch({ version: '2.6.0' }) },
];

/**
 * Applies the samples, makes one cluster look alive (a stand-in pod, a status), and tries it all.
 *
 * @throws Error naming the attempt whose answer was not the one it must be
 */
export async function runTour(ground: Ground, say: (text: string) => void): Promise<void> {
  await prepare(ground);
  for (const { title, args, reason } of attempts) {
    say(`\n${title}\n$ kubectl -n ${namespace} ${args.map(quoted).join(' ')}`);
    const answer = await ground.kubectl(['-n', namespace, ...args], { timeoutMs: 60_000 });
    say(`${answer.stdout}${answer.stderr}`.trimEnd());
    if (!isExpected(answer, reason)) throw new Error(`the tour expected ${reason ?? 'success'} of: ${title}`);
  }
  say('');
  say((await succeed(ground.kubectl(['-n', namespace, 'get', 'bao']))).stdout);
}

function isExpected({ code, stderr }: KubectlResult, reason: string | undefined): boolean {
  return reason === undefined ? code === 0 : code !== 0 && stderr.includes(`(${reason})`);
}

async function prepare(ground: Ground): Promise<void> {
  const kubectl = (args: readonly string[], input?: object) =>
    succeed(
      ground.kubectl(['-n', namespace, ...args], {
        timeoutMs: 90_000,
        ...(input === undefined ? {} : { input: JSON.stringify(input) }),
      }),
    );
  await succeed(ground.kubectl(['create', 'namespace', namespace]));
  await succeed(ground.kubectl(['label', 'namespace', namespace, 'rollguard.io/guarded=true']));
  await kubectl(['apply', '-f', 'manifests/samples/openbaocluster.yaml']);
  await kubectl(['apply', '-f', '-'], cluster('prod', { version: '2.5.5', paused: true }));
  await kubectl([
    'patch',
    'openbaocluster',
    'prod',
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  ]);
  await kubectl(['apply', '-f', '-'], standIn(ground));
  await kubectl(['rollout', 'status', 'statefulset/prod', '--timeout=80s']);
}

/** What a controller would have written: version 2.5.5 runs, and an incident waits. */
const status = {
  currentVersion: '2.5.5',
  breakGlass: {
    active: true,
    reason: 'RollbackConsensusRepairFailed',
    enteredAt: '2026-11-21T03:12:00Z',
    nonce: 'nonce-of-this-incident',
  },
};

/** A pod that stands in for OpenBao: it has its labels and does nothing. */
function standIn(ground: Ground): object {
  const image = ground.isOwn ? rollguardTag : (process.env['ROLLGUARD_IMAGE'] ?? rollguardTag);
  const labels = { app: 'prod', 'openbao.org/cluster': 'prod' };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'prod' },
    spec: {
      serviceName: 'prod',
      selector: { matchLabels: { app: 'prod' } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'stand-in',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: [
                '/usr/local/bin/node',
                '-e',
                'process.on("SIGTERM", process.exit); setInterval(() => {}, 1e6)',
              ],
            },
          ],
        },
      },
    },
  };
}

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);
