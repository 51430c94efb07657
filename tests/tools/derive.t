#!/bin/bash
# derive: genotypes in and out, from text, streams and at random.
. "${0%/*}/tap.sh"

run 'derive --random --seed 3 --format genotype -o text'
status 0
run 'derive --no-history text -o arch && derive --no-history arch | cmp - arch'
status 0 'text, stream and stream again'
run 'derive --format genotype arch | cmp - text'
status 0 'the stream back to text'
run 'derive --no-history --random --seed 3 | cmp - arch'
status 0 'the same seed, the same bytes'
run 'derive --random --seed 4 --format genotype | cmp -s - text'
status 1 'another seed, another genotype'
run 'derive --format json arch'
status 0
stdout like '{*"normal": *"reduce_concat": \[2, 3, 4, 5\]*}'
run 'derive --format dot arch'
stdout like 'digraph genotype {*cluster_reduce*}'

run 'derive'
status 2
run 'derive --random arch'
status 2
run 'derive --format yaml arch'
status 2
run 'derive absent'
status 1
stderr like 'derive: *absent*'
echo 'Genotype(normal=__import__("os"))' >bad
run 'derive bad'
status 1
stderr like 'derive: bad: line 1, column 17: expected *'
head -c 100 arch >cut
run 'derive cut -o never'
status 1
ok 'nothing written after an error' test ! -e never
done_testing
