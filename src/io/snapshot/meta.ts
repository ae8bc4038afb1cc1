import { parser } from '../../api/parse.ts';
import { SnapshotError } from './error.ts';

/** What meta.json says of a snapshot (docs/facts/openbao-measured.md, section 7). */
export interface SnapshotMeta {
  /** The Raft index it ends at. */
  readonly index: number;
  /** The Raft term of that index. */
  readonly term: number;
  /** The Raft configuration in it. A non-voter tells of an upgrade under way (docs/facts/openbao.md, trap 4). */
  readonly servers: readonly SnapshotServer[];
}

interface SnapshotServer {
  readonly id: string;
  readonly voter: boolean;
}

interface MetaJson {
  readonly Index: number;
  readonly Term: number;
  readonly Configuration: { readonly Servers: readonly { readonly Suffrage: number; readonly ID: string }[] };
}

const parseMeta = parser<MetaJson>(
  {
    type: 'object',
    required: ['Index', 'Term', 'Configuration'],
    properties: {
      Index: { type: 'integer', minimum: 0 },
      Term: { type: 'integer', minimum: 0 },
      Configuration: {
        type: 'object',
        required: ['Servers'],
        properties: {
          Servers: {
            type: 'array',
            items: {
              type: 'object',
              required: ['Suffrage', 'ID'],
              properties: { Suffrage: { type: 'integer' }, ID: { type: 'string' } },
            },
          },
        },
      },
    },
  },
  'meta.json',
);

/** hashicorp/raft: 0 Voter, 1 Nonvoter, 2 Staging. */
const voter = 0;

/** @throws SnapshotError `UnreadableMeta` */
export function readSnapshotMeta(text: string): SnapshotMeta {
  let meta: MetaJson;
  try {
    meta = parseMeta(JSON.parse(text));
  } catch (error) {
    const { message } = error as Error;
    throw new SnapshotError('UnreadableMeta', `meta.json in the snapshot cannot be read: ${message}`, {
      cause: error,
    });
  }
  const { Index, Term, Configuration } = meta;
  const servers = Configuration.Servers.map(({ ID, Suffrage }) => ({ id: ID, voter: Suffrage === voter }));
  return { index: Index, term: Term, servers };
}
