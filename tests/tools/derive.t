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

# ---- other spaces ----
run 'derive --space nasbench201 --random --seed 3 --format genotype -o cell && wc -l <cell'
stdout exactly 1
run 'derive --no-history cell -o arch && derive --format genotype arch | cmp - cell'
status 0 'text, stream and text again'
run 'peek arch'
stdout like '*rows: 6*"space": "nasbench201"*'
run 'derive --format json cell | tr -d " \n"'
stdout like '{"nodes":\[\[\["*",0\]\],\[\["*",0\],\["*",1\]\],\[*\]\]}'
run 'derive --format dot cell'
stdout like 'digraph cell {*'
run 'derive --space tinycell-27 --all --format genotype | sort -u | wc -l'
stdout exactly 27
run 'derive --space tinycell-125 --random --count 125 --format genotype | sort -u | wc -l'
stdout exactly 125
run 'derive --space nasbench201 --random --count 9 --seed 3 --format genotype | head -n 1 | cmp - cell'
status 0 'more of them begin with the same'
run 'derive --mutate --count 20 --format genotype cell | tr "+|" "\n" | diff - <(for i in $(seq 20); do tr "+|" "\n" <cell; done) | grep -c "^[<>]"'
stdout exactly 40 # a line of each changed
run 'derive --random --format genotype | derive --mutate --no-history - -o mutant && derive --mutate --seed 2 --format dot mutant'
status 0
run 'derive --space resnet-20 --random --seed 3 --format genotype -o widths && cat widths'
stdout like 'resnet-20(*|*-* *-* *-*|*-* *-* *-*|*-* *-* *-*)'
run 'derive --no-history widths -o arch && derive --format genotype arch | cmp - widths'
status 0 'text, stream and text again'
run 'echo resnet-14 | derive --format json - | tr -d " \n"'
stdout exactly '{"layers":14,"stem":10,"depths":[2,2,2],"stages":[[[10,10],[10,10]],[[10,10],[10,10]],[[10,10],[10,10]]]}'
run 'derive --format dot widths'
stdout like 'digraph network {*stem -> *}'
run 'derive --space resnet-110 --random --count 20 --format genotype | sort -u | wc -l'
stdout exactly 20
run 'derive --mutate --count 9 --format genotype widths | sort -u | grep -vxFf widths | wc -l'
stdout like '[5-9]'
run 'sed s/10/11/ widths >bad; grep -q 11 bad || sed "s/(/(11/" widths >bad; derive bad'
status 1
stderr like 'derive: bad: column *: expected tenths of the channels, 3 to 10, found *'
for call in '--space tinycell-27 cell' '--all' '--count 2 --random' '--all --seed 2 --format genotype' \
    '--all --format genotype' '--count 2 --format genotype cell' '--seed 2 cell' \
    '--space tinycell-27 --random --count 28 --format genotype' '--all --mutate cell'; do
    run "derive $call"
    status 2
done
echo '|nor_conv_3x3~0|+|none~0|' >bad
run 'derive bad'
status 1
stderr exactly "derive: bad: column 26: expected none, skip_connect, nor_conv_1x1, nor_conv_3x3 or avg_pool_3x3, found the end"

run 'derive --format genotype <text | cmp - text'
status 0 'standard input where no FILE is named'
run 'derive --no-history <arch | cmp - arch'
status 0 'a stream likewise'
run 'derive --mutate --format genotype <cell | cmp -s - cell'
status 1 'to mutate it likewise'
run 'derive </dev/null'
status 1
stderr like 'derive: standard input: empty: expected *'
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
