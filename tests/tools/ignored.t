#!/bin/bash
# No option is taken and then ignored: where it would do nothing, the call is wrong. What is refused
# is refused before any file is opened.
. "${0%/*}/tap.sh"

while read -r call; do
    run "$call"
    status 2
    [[ $call =~ .*(--[a-z-]+) ]] # the last of its options
    stderr like "${call%% *}: ${BASH_REMATCH[1]} *"
done <<'CALLS'
derive arch --seed 2
derive --format json arch --no-history
derive --random --max-tensor 9
evaluate predictions --no-history
evaluate predictions --draws 0 --seed 2
evaluate predictions --draws 0 --threads 2
evaluate --stream predictions --json
load npy arrays --root there
load npy arrays --size 8x8
load safetensors net --most-bytes 9
load cifar10 there train --max-tensor 9
load idx images --root there
mine --keep-all hardness --hardness 0.5
mine --keep-all hardness --seed 2
mine --keep-all hardness --threads 2
mine --keep-all hardness --random
mine --forest forest --force hardness --mastery 0.5
mine --forest forest --force hardness --warm-up 3
mine --forest forest --random hardness --epsilon 1
pick --first 3 samples --seed 2
search-step --describe --seed 2
search-step --describe --threads 2
search-step --describe --no-history
search-step --describe --max-tensor 9
search-step --describe --order 1
train --arch arch --describe --seed 2
train --arch arch --describe --threads 2
train --arch arch --describe --no-history
train --arch arch --describe --epochs 3
train-encoder --loss mse samples --gamma 1
train-encoder --loss mse samples --margin 1
train-encoder --width 8 samples --profile small
peek -q samples --verbose
CALLS
done_testing
