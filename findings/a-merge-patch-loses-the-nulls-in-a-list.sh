#!/usr/bin/env bash
# One would guess: a list in a JSON merge patch replaces what was there as it stands. RFC 7396 gives null its meaning of
# "remove" in the objects of the patch, and not within lists.
#
# What happens: gopkg.in/evanphx/json-patch.v4, by which the API server applies merge patches, takes keys that are null
# out of the objects in such a list, except where the list takes the place of an object. A null that is itself an entry
# of the list is kept.
#
# Why it matters: `kubectl patch --type merge` sends such a patch. A field that may be null (`nullable: true`) in the
# entries of a list is null after a create and missing after a patch with the same list: a comparison with Git finds a
# difference, and a policy that asks `has()` gets another answer.
#
# Seen with: gopkg.in/evanphx/json-patch.v4 v4.13.0 (in the go.mod of Kubernetes 1.36), Go 1.26.
# Fails when it answers otherwise.
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

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

func main() {
	for _, each := range []struct{ before, patch string }{
		{`{}`, `{"list":[{"key":null}]}`},
		{`{"list":[]}`, `{"list":[{"key":null}]}`},
		{`{"list":{}}`, `{"list":[{"key":null}]}`},
		{`{"list":[]}`, `{"list":[null]}`},
	} {
		after, err := jsonpatch.MergePatch([]byte(each.before), []byte(each.patch))
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s and %s: %s\n", each.before, each.patch, after)
	}
}
GO
go get gopkg.in/evanphx/json-patch.v4@v4.13.0 >/dev/null 2>&1
seen=$(go run .)
expected='{} and {"list":[{"key":null}]}: {"list":[{}]}
{"list":[]} and {"list":[{"key":null}]}: {"list":[{}]}
{"list":{}} and {"list":[{"key":null}]}: {"list":[{"key":null}]}
{"list":[]} and {"list":[null]}: {"list":[null]}'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
