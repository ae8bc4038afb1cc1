#!/usr/bin/env bash
# One would guess: kstatus, by which Flux and `kpt live` tell whether an object is done, reads conditions as a set:
# the API conventions make `conditions` a map keyed by type, so that their order says nothing.
#
# What happens: where `Reconciling` and `Stalled` are both True, the one that stands first in the list decides:
# Reconciling first is InProgress, Stalled first is Failed.
#
# Why it matters: server-side apply and controllers that sort or append conditions change that order, and a health
# check flips between waiting until its time-out and failing at once. Never set both.
#
# Seen with: sigs.k8s.io/cli-utils v0.37.2 (pkg/kstatus/status), Go 1.26.
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

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func condition(name string) any {
	return map[string]any{"type": name, "status": "True", "reason": "Test", "message": "as " + name}
}

func main() {
	for _, order := range [][]string{{"Reconciling", "Stalled"}, {"Stalled", "Reconciling"}} {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "example.org/v1", "kind": "Thing",
			"metadata": map[string]any{"name": "a", "namespace": "b", "generation": int64(1)},
			"status": map[string]any{
				"observedGeneration": int64(1),
				"conditions":         []any{condition(order[0]), condition(order[1])},
			},
		}}
		result, err := status.Compute(object)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s first: %s\n", order[0], result.Status)
	}
}
GO
go get sigs.k8s.io/cli-utils/pkg/kstatus/status@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
seen=$(go run .)
expected='Reconciling first: InProgress
Stalled first: Failed'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
