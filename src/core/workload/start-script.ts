import { configurationFile, files, paths } from './paths.ts';
import { takeCredentials, takeSeal } from './seal-check.ts';

/**
 * Process 1 of a member's container, for busybox and dash alike. It starts OpenBao, hands a TERM on and waits for
 * the end, which may take 90 s of open requests; and has it read its certificate again when the file changes.
 * Pod 0 makes the cluster as long as the ConfigMap holds the self-init file.
 */
export const startScript = `#!/bin/sh
set -u
config=${paths.configuration}
certificate=${paths.tls}/tls.crt
scratch=${paths.temporary}

trap 'exit 0' TERM INT

# Of this half alone: a green member with blue's would be given a vote at once. The volume may lag a minute.
configuration="$config/${configurationFile('$ROLLGUARD_REVISION')}"
until [ -e "$configuration" ]; do
  [ -n "\${told:-}" ] || echo "waits for $configuration" >&2
  told=yes
  sleep 1
done
${takeCredentials}
set -- server "-config=$configuration"
${takeSeal}
# Without any, OpenBao would take the seal of which people hold the keys.
case "\${ROLLGUARD_SEAL:-}$(cat "$configuration")" in
*'"seal"'*) ;;
*)
  echo "this pod was made for another seal than spec.unseal names now" >&2
  exit 1
  ;;
esac
if [ "\${BAO_K8S_POD_NAME##*-}" = 0 ] && [ -e "$config/${files.selfInit}" ]; then
  # A copy: the file leaves the ConfigMap once the cluster is there, and a reload reads every file again.
  cp "$config/${files.selfInit}" "$scratch/${files.selfInit}" || exit 1
  set -- "$@" "-config=$scratch/${files.selfInit}"
fi
# From here on the server may run although nobody knows its id yet: a TERM is kept until it is known.
stop=''
trap 'stop=yes' TERM INT
bao "$@" &
server=$!
on_term() {
  kill -TERM "$server" 2>/dev/null
}
trap on_term TERM INT
[ -z "$stop" ] || on_term

watch_certificate() {
  seen=$(cksum <"$certificate")
  while sleep 10 && kill -0 "$server"; do
    now=$(cksum <"$certificate") || continue
    [ "$now" = "$seen" ] && continue
    seen=$now
    kill -HUP "$server"
  done
}
watch_certificate >/dev/null 2>&1 &
watcher=$!

# A signal ends wait early, so it is asked again until the server is gone.
while :; do
  wait "$server"
  code=$?
  kill -0 "$server" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
exit "$code"
`;
