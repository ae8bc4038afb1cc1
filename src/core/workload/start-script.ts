import { files, paths } from './paths.ts';

/**
 * Process 1 of a member's container, for busybox and dash alike. It starts OpenBao, hands a TERM on and waits for
 * the end, which may take 90 s of open requests; and has it read its certificate again when the file changes.
 * Pod 0 makes the cluster as long as the ConfigMap holds the self-init file.
 *
 * The folders stand in variables so that a test can move them.
 */
export const startScript = `#!/bin/sh
set -u
config=\${ROLLGUARD_CONFIG_DIR:-${paths.configuration}}
certificate=\${ROLLGUARD_TLS_DIR:-${paths.tls}}/tls.crt
scratch=\${ROLLGUARD_TMP_DIR:-${paths.temporary}}

server=''
on_term() {
  [ -n "$server" ] || exit 0
  kill -TERM "$server" 2>/dev/null
}
trap on_term TERM INT

set -- server "-config=$config/${files.configuration}"
if [ "\${BAO_K8S_POD_NAME##*-}" = 0 ] && [ -e "$config/${files.selfInit}" ]; then
  # A copy: the file leaves the ConfigMap once the cluster is there, and a reload reads every file again.
  cp "$config/${files.selfInit}" "$scratch/${files.selfInit}" || exit 1
  set -- "$@" "-config=$scratch/${files.selfInit}"
fi
bao "$@" &
server=$!

watch_certificate() {
  seen=$(cksum <"$certificate" 2>/dev/null)
  while sleep 10; do
    now=$(cksum <"$certificate" 2>/dev/null) || continue
    [ "$now" = "$seen" ] && continue
    seen=$now
    kill -HUP "$server" 2>/dev/null || exit 0
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
