import { files, paths } from './paths.ts';

/**
 * Puts the credentials of the seal where the configuration names them, for busybox and dash alike. With a newline at
 * its end a token is refused (docs/facts/openbao-2.6-measured.md, section 5), and many tools put one there.
 */
export const takeCredentials = `for credential in ${paths.credentials}/*; do
  [ -f "$credential" ] || continue
  (umask 077 && printf %s "$(cat "$credential")" >"${paths.seal}/\${credential##*/}") || exit 1
done`;

/** Writes the seal of this very pod into a file for OpenBao, and adds that to the arguments. */
export const takeSeal = `if [ -n "\${ROLLGUARD_SEAL:-}" ]; then
  printf %s "$ROLLGUARD_SEAL" >"$scratch/seal.json" || exit 1
  set -- "$@" "-config=$scratch/seal.json"
fi`;

/** Where the throw-away server of the check listens, in a pod of its own. */
const address = '127.0.0.1:8200';

/** Of a server with the members' own seal and no other thing of theirs: its data is in memory, and gone at its end. */
export const sealCheckConfiguration: object = {
  storage: { inmem: {} },
  listener: [{ tcp: { address, tls_disable: true } }],
  api_addr: `http://${address}`,
  ui: false,
};

/**
 * Proves that a member could start now: the binary of the image, with the members' own seal and credentials, starts,
 * seals a key of its own and opens it again. A server whose seal cannot be opened exits 1, with most key services
 * within 15 s, and says why at the end of its log, which becomes the message of the Job's pod.
 */
export const sealCheckScript = `#!/bin/sh
set -u
export BAO_ADDR=http://${address}
scratch=${paths.temporary}
log=$scratch/server.log
${takeCredentials}
set -- server "-config=${paths.configuration}/${files.sealCheckServer}"
${takeSeal}
bao "$@" >"$log" 2>&1 &
server=$!
fail() {
  kill "$server" 2>/dev/null
  tail -n 20 "$log" >&2
  echo "$1" >&2
  exit 1
}
# 1: it does not answer yet. 2: it answers, and is not initialized.
tries=0
until bao status >/dev/null 2>&1 || [ $? = 2 ]; do
  kill -0 "$server" 2>/dev/null || fail "OpenBao ended at its start"
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || fail "OpenBao did not answer within two minutes"
  sleep 1
done
# Its keys and its token are for nobody: nothing of it is written down.
bao operator init >/dev/null 2>"$scratch/error" || fail "the seal sealed nothing: $(cat "$scratch/error")"
tries=0
until bao status >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || fail "the seal does not open what it has sealed"
  sleep 1
done
kill "$server" 2>/dev/null
echo "the seal opens" >/dev/termination-log
`;
