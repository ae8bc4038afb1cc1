#!/usr/bin/env bash
# One would guess: what @kubernetes/client-node declares as V1MicroTime, a Date that writes six digits, comes out of a
# read as one, as creationTimestamp comes out as a Date; and what is declared so is written with six digits.
#
# What happens: a Lease's renewTime is read as text, so that `.getTime()` type-checks and is then not a function. On the
# way back text is sent as it stands, a V1MicroTime with six digits, and a plain Date, which TypeScript lets pass as
# a V1MicroTime, with three.
#
# Why it matters: the API server takes a MicroTime with six digits only and refuses such a write; a leader election that
# writes it can neither take nor renew its lock. Pass the text on as it is; make new times with `new V1MicroTime()`.
#
# Seen with: @kubernetes/client-node 2.0.1, Node.js 24.
# Fails when what is read or sent changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > main.mjs <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import { CoordinationV1Api, KubeConfig, V1MicroTime } from "@kubernetes/client-node";

const stored = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "a", namespace: "b", creationTimestamp: "2026-01-02T03:04:05Z" },
  spec: { renewTime: "2026-01-02T03:04:05.678901Z" },
};
const server = createServer(async (request, response) => {
  const body = (await request.toArray()).join("");
  if (body !== "") console.log(`sent: ${JSON.parse(body).spec.renewTime}`);
  response.setHeader("content-type", "application/json").end(JSON.stringify(stored));
});
await once(server.listen(0, "127.0.0.1"), "listening");

const config = new KubeConfig();
config.loadFromOptions({
  clusters: [{ name: "c", server: `http://127.0.0.1:${server.address().port}`, skipTLSVerify: true }],
  users: [{ name: "u" }],
  contexts: [{ name: "x", cluster: "c", user: "u" }],
  currentContext: "x",
});
const api = config.makeApiClient(CoordinationV1Api);
const where = { name: "a", namespace: "b" };
const lease = await api.readNamespacedLease(where);
const read = lease.spec.renewTime;
console.log(`creationTimestamp is a ${lease.metadata.creationTimestamp.constructor.name}`);
console.log(`renewTime is a ${read.constructor.name}`);
for (const renewTime of [read, new V1MicroTime(read), new Date(read)]) {
  await api.replaceNamespacedLease({ ...where, body: { ...lease, spec: { renewTime } } });
}
server.close();
JS
npm install --silent --no-audit --no-fund @kubernetes/client-node@2.0.1 >/dev/null
seen=$(node main.mjs)
expected='creationTimestamp is a Date
renewTime is a String
sent: 2026-01-02T03:04:05.678901Z
sent: 2026-01-02T03:04:05.678000Z
sent: 2026-01-02T03:04:05.678Z'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
