#!/bin/bash
# The register of claims: what was not run says so, and a verdict counts by its rule's digest alone.
. "${0%/*}/../tools/tap.sh"
claims() { "$ROOT/pipelines/claims" "$@"; }

run 'claims'
status 0
stdout like 'claim*verdict*numbers*command
P3-1?not run?-?-*P6-4?not run?-?-'
run "tail -n +2 \$ROOT/pipelines/claims.tsv | awk -F '\t' 'NF != 7 || \$1 in seen { print } { seen[\$1] }'"
stdout empty # seven columns, each claim once
run 'claims P3-2'
stdout exactly $'claim\tverdict\tnumbers\tcommand\nP3-2\tnot run\t-\t-'
run 'claims P3-2 P9-9'
status 2
stderr exactly 'claims: no claim is called P9-9'
stdout empty

mkdir verdicts
digest=$(grep -P '^P3-2\t' "$ROOT/pipelines/claims.tsv" | sha256sum | cut -c 1-16)
printf '%s\tholds\t2.1 (1.8 to 2.4), n 12\tmake study\n' $digest >verdicts/P3-2
run 'RUNS=verdicts claims P3-2 | tail -n 1'
stdout exactly $'P3-2\tholds\t2.1 (1.8 to 2.4), n 12\tmake study'
printf '0123456789abcdef\tholds\t-\tmake study\n' >verdicts/P3-2
run 'RUNS=verdicts claims P3-2 | tail -n 1'
stdout exactly $'P3-2\tnot run by this rule\t-\t-'
done_testing
