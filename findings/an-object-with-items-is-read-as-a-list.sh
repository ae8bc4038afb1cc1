#!/usr/bin/env bash
# One would guess: whether a manifest is one object or a list of objects is told by its kind: `List`, or a name that
# ends so.
#
# What happens: for k8s.io/apimachinery's unstructured reader, by which kubectl and dynamic clients read, whatever has a
# key `items` at its top is a list, of whatever kind. An entry that has no kind of its own becomes an object of the kind
# around it.
#
# Why it matters: a CustomResourceDefinition may have such a field, for nothing says that all must stand under `spec`.
# kubectl then takes the entries apart and sends those; the object itself, with its name and its other fields, is never
# sent. Do not call a top-level field `items`.
#
# Seen with: k8s.io/apimachinery v0.37.0 (pkg/apis/meta/v1/unstructured), Go 1.26.
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

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	for _, field := range []string{
		`"fruits":[{"metadata":{"name":"apple"}}]`,
		`"items":[{"metadata":{"name":"apple"}}]`,
		`"items":[]`,
	} {
		manifest := `{"apiVersion":"example.org/v1","kind":"Basket","metadata":{"name":"mine"},` + field + `}`
		object, _, err := unstructured.UnstructuredJSONScheme.Decode([]byte(manifest), nil, nil)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %T", field, object)
		if list, ok := object.(*unstructured.UnstructuredList); ok {
			for _, item := range list.Items {
				fmt.Printf(", %s %s", item.GetKind(), item.GetName())
			}
		}
		fmt.Println()
	}
}
GO
go get k8s.io/apimachinery/pkg/apis/meta/v1/unstructured@v0.37.0 >/dev/null 2>&1
seen=$(go run .)
expected='"fruits":[{"metadata":{"name":"apple"}}]: *unstructured.Unstructured
"items":[{"metadata":{"name":"apple"}}]: *unstructured.UnstructuredList, Basket apple
"items":[]: *unstructured.UnstructuredList'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
