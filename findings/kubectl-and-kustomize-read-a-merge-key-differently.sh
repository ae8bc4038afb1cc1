#!/usr/bin/env bash
# One would guess: kubectl apply -f and kubectl apply -k read one YAML file alike, both being Kubernetes' own readers.
#
# What happens: where a YAML merge key (`<<`) stands below a key that it also brings, the two differ.
# sigs.k8s.io/yaml, by which kubectl apply -f reads, lets the merge key below overwrite the key above it;
# sigs.k8s.io/kustomize/kyaml, by which apply -k and Flux's kustomize-controller read, lets the explicit key win, as
# the YAML merge specification says. Neither warns. With the merge key above the key, both agree.
#
# Why it matters: a manifest that was looked at with one tool and is applied with the other asks for another version
# of a stateful cluster. Write merge keys above the keys that they give way to, or do without them.
#
# Seen with: sigs.k8s.io/yaml v1.6.0, sigs.k8s.io/kustomize/kyaml v0.21.0, Go 1.26.
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

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, each := range []struct{ order, text string }{
		{"below", "spec: {version: 2.5.5, <<: {version: 2.4.4}}\n"},
		{"above", "spec: {<<: {version: 2.4.4}, version: 2.5.5}\n"},
	} {
		var byKubectl struct {
			Spec struct {
				Version string `json:"version"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal([]byte(each.text), &byKubectl); err != nil {
			panic(err)
		}
		node, err := kyaml.Parse(each.text)
		if err != nil {
			panic(err)
		}
		var byKustomize struct {
			Spec struct {
				Version string `yaml:"version"`
			} `yaml:"spec"`
		}
		if err := node.YNode().Decode(&byKustomize); err != nil {
			panic(err)
		}
		fmt.Printf("%s: sigs.k8s.io/yaml %s, kyaml %s\n", each.order, byKubectl.Spec.Version, byKustomize.Spec.Version)
	}
}
GO
go get sigs.k8s.io/yaml@v1.6.0 sigs.k8s.io/kustomize/kyaml/yaml@v0.21.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
seen=$(go run .)
expected='below: sigs.k8s.io/yaml 2.4.4, kyaml 2.5.5
above: sigs.k8s.io/yaml 2.5.5, kyaml 2.5.5'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
