#!/usr/bin/env bash
# One would guess: where a JSON Patch, of an admission webhook or of a client, replaces or copies a key that the object
# does not have, the API server refuses it: RFC 6902 asks that the target of `replace` and the source of `copy` exist.
#
# What happens: gopkg.in/evanphx/json-patch.v4, by which the API server applies both, adds the key of a `replace`, and
# writes null for a `copy` from nowhere; for `remove` and `move` it does refuse. The same project's v5, which
# controller-runtime and Argo CD's diff import, refuses all four.
#
# Why it matters: a patch that was tried with a library that goes by the RFC acts otherwise in a cluster. That a
# `replace` went through is no proof that the label or annotation was there: put a `test` of its old value before it.
#
# Seen with: gopkg.in/evanphx/json-patch.v4 v4.13.0 (in the go.mod of Kubernetes 1.36),
# github.com/evanphx/json-patch/v5 v5.9.11, Go 1.26.
# Fails when either answers otherwise.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > go.mod <<'MOD'
module finding

go 1.25
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
)

func show(after []byte, err error) string {
	if err != nil {
		return "refused"
	}
	return string(after)
}

func main() {
	object := []byte(`{"labels":{}}`)
	for _, operation := range []string{
		`{"op":"replace","path":"/labels/a","value":"b"}`,
		`{"op":"copy","from":"/labels/z","path":"/labels/a"}`,
		`{"op":"move","from":"/labels/z","path":"/labels/a"}`,
		`{"op":"remove","path":"/labels/a"}`,
	} {
		patch := []byte("[" + operation + "]")
		server, err := v4.DecodePatch(patch)
		if err != nil {
			panic(err)
		}
		other, err := v5.DecodePatch(patch)
		if err != nil {
			panic(err)
		}
		fmt.Println(operation)
		fmt.Println("  v4:", show(server.Apply(object)))
		fmt.Println("  v5:", show(other.Apply(object)))
	}
}
GO
go get gopkg.in/evanphx/json-patch.v4@v4.13.0 github.com/evanphx/json-patch/v5@v5.9.11 >/dev/null 2>&1
seen=$(go run .)
expected='{"op":"replace","path":"/labels/a","value":"b"}
  v4: {"labels":{"a":"b"}}
  v5: refused
{"op":"copy","from":"/labels/z","path":"/labels/a"}
  v4: {"labels":{"a":null}}
  v5: refused
{"op":"move","from":"/labels/z","path":"/labels/a"}
  v4: refused
  v5: refused
{"op":"remove","path":"/labels/a"}
  v4: refused
  v5: refused'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
