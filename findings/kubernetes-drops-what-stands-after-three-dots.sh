#!/usr/bin/env bash
# One would guess: a YAML stream whose documents are closed by `...` is read whole or refused. In YAML 1.2 the next
# document may begin right after the dots, without `---`.
#
# What happens: the reader of k8s.io/apimachinery, by which kubectl and Argo CD cut a file into objects, cuts at `---`
# only, and of each piece reads what stands before the dots. The rest of the piece is gone without an error, be it a
# whole object. A YAML parser that is given the stream itself refuses it, or reads all of it.
#
# Why it matters: `kubectl apply` reports success for the objects that are left, and where a GitOps tool prunes, those
# that were dropped count as removed. Begin each document with `---`, and end none with dots.
#
# Seen with: k8s.io/apimachinery v0.36.3 (util/yaml); for comparison go.yaml.in/yaml/v3 v3.0.4 and, on npm, yaml 2.9.1;
# Go 1.26, Node.js 24.
# Fails when one of the three answers otherwise.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

printf '%s\n' 'name: first' '...' 'name: second' '---' 'name: third' > stream.yaml
cat > go.mod <<'MOD'
module finding

go 1.25
MOD
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	parser "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func show(reader string, decode func(any) error) {
	fmt.Print(reader, ":")
	for {
		var object map[string]string
		err := decode(&object)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Print(" refused")
			break
		}
		fmt.Print(" ", object["name"])
	}
	fmt.Println()
}

func main() {
	stream, err := os.ReadFile("stream.yaml")
	if err != nil {
		panic(err)
	}
	show("apimachinery", yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096).Decode)
	show("go.yaml.in", parser.NewDecoder(bytes.NewReader(stream)).Decode)
}
GO
cat > main.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

const documents = parseAllDocuments(readFileSync("stream.yaml", "utf8"));
console.log("npm yaml:", ...documents.map((each) => (each.errors.length > 0 ? "refused" : each.toJS().name)));
JS
go get k8s.io/apimachinery/pkg/util/yaml@v0.36.3 go.yaml.in/yaml/v3@v3.0.4 >/dev/null 2>&1
npm install --silent --no-audit --no-fund yaml@2.9.1 >/dev/null
seen=$(go run . && node main.mjs)
expected='apimachinery: first third
go.yaml.in: first refused
npm yaml: first second third'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
