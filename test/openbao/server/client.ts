import { readFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A GET with the token and address of the environment (BAO_ADDR, BAO_TOKEN, BAO_CACERT). */
export function ask(path: string): Promise<Reply> {
  const address = new URL(`/v1/${path}`, process.env['BAO_ADDR'] ?? 'https://127.0.0.1:8200');
  const token = process.env['BAO_TOKEN'];
  const ca = process.env['BAO_CACERT'];
  const options = {
    headers: token === undefined ? {} : { 'X-Vault-Token': token },
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
  };
  return new Promise((resolve, reject) => {
    const send = address.protocol === 'http:' ? plain : secure;
    send(address, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
    })
      .on('error', reject)
      .end();
  });
}

function parse(text: string): Reply['body'] {
  try {
    return JSON.parse(text) as Reply['body'];
  } catch {
    return {};
  }
}

/** `bao status`: the exit code is 2 while sealed. */
export async function status(): Promise<number> {
  const { body } = await ask('sys/seal-status');
  const rows = Object.entries(body).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  console.log(table([['Key', 'Value'], ['---', '-----'], ...rows]));
  return body['sealed'] === true ? 2 : 0;
}

interface Peer {
  readonly node_id: string;
  readonly address: string;
  readonly leader: boolean;
  readonly voter: boolean;
}

/** `bao operator raft list-peers`. */
export async function listPeers(): Promise<number> {
  const { status: code, body } = await ask('sys/storage/raft/configuration');
  if (code !== 200) {
    console.error(
      `Error reading the raft cluster configuration: Code: ${code}. ${JSON.stringify(body['errors'])}`,
    );
    return 2;
  }
  const { config } = body['data'] as { readonly config: { readonly servers: readonly Peer[] } };
  const rows = config.servers.map((peer) => [
    peer.node_id,
    peer.address,
    peer.leader ? 'leader' : 'follower',
    String(peer.voter),
  ]);
  console.log(table([['Node', 'Address', 'State', 'Voter'], ['----', '-------', '-----', '-----'], ...rows]));
  return 0;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 4))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}
