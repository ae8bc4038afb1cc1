#!/usr/bin/env bash
# One would guess: github.com/hashicorp/go-version, by which OpenBao sorts the versions of a plugin to pick the newest,
# puts prereleases in one order, with NewSemver in that of semver.org: alpha, then alpha.1, then alpha.beta.
#
# What happens: it puts them in no order at all. alpha comes before alpha.1 and alpha.1 before alpha.beta, but
# alpha.beta comes before alpha: a longer prerelease is newer where its next part is a number, and older where that
# part is a word. Sorting such a list with version.Collection gives back another list for each way in.
#
# Why it matters: which of several is the newest, and whether a change is an upgrade or a downgrade that has to be
# refused, depends on which two are compared and in what order they were listed. Whoever labels builds of their own
# keeps to one word (rc1) or adds numbers only (rc.1, rc.2).
#
# Seen with: github.com/hashicorp/go-version v1.8.0 (in the go.mod of OpenBao 2.5.5) and v1.9.0, Go 1.26.
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
	"sort"

	"github.com/hashicorp/go-version"
)

func main() {
	alpha, number, word := "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta"
	for _, pair := range [][2]string{{alpha, number}, {number, word}, {word, alpha}} {
		left, right := version.Must(version.NewSemver(pair[0])), version.Must(version.NewSemver(pair[1]))
		fmt.Printf("%s before %s: %t\n", left, right, left.LessThan(right))
	}
	for _, list := range [][]string{{alpha, number, word}, {number, word, alpha}, {word, alpha, number}} {
		var versions version.Collection
		for _, text := range list {
			versions = append(versions, version.Must(version.NewSemver(text)))
		}
		sort.Sort(versions)
		fmt.Println("sorted:", versions)
	}
}
GO
expected='1.0.0-alpha before 1.0.0-alpha.1: true
1.0.0-alpha.1 before 1.0.0-alpha.beta: true
1.0.0-alpha.beta before 1.0.0-alpha: true
sorted: [1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta]
sorted: [1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-alpha]
sorted: [1.0.0-alpha.beta 1.0.0-alpha 1.0.0-alpha.1]'
for release in v1.8.0 v1.9.0; do
	go get "github.com/hashicorp/go-version@$release" >/dev/null 2>&1
	seen=$(go run .)
	echo "$release"
	echo "$seen"
	[ "$seen" = "$expected" ] || { echo "changed; it was:"; echo "$expected"; exit 1; }
done
