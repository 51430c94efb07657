#!/bin/bash
# The examples of every manual page, run as they stand there, but shorter, on a few images with one
# epoch of small networks, and with -v.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

# The files that the examples name.
mkdir given && cd given || exit 1
mkdir photos cifar-10-batches-bin
run '
set -e
load fashion-mnist train -o train
pick --per-class 6 --seed 1 -o pool train
pick --per-class 3 --seed 2 -o validation train
pick --per-class 3 --seed 3 -o subset pool
load fashion-mnist test | pick --per-class 3 -o test
save png photos/clothes <test
head -c 6146 /dev/zero >cifar-10-batches-bin/data_batch_1.bin
train-encoder --latent 8 --profile small --epochs 1 -o encoder pool
encode-latent --weights encoder -o latents pool
build-kdtree -o forest latents
search-step --state search --validation validation --cells 3 --channels 4 --order 1 -o hardness <subset
derive -o arch search
derive --format genotype -o genotype.txt search
train --arch arch --cells 3 --channels 4 --epochs 1 -o net pool
predict --weights net -o predictions test
save npy arrays <test
save tsv embedding.tsv <latents
save safetensors net.safetensors <net
{ echo YUV4MPEG2 W32 H24 F25:1; for n in $(seq 24); do echo FRAME; head -c 1152 train; done; } >street.y4m
compose --frames 12 --count 8 --side 32 -o clips pool
frames clips | train --network cnn --depth 2 --channels 2 --epochs 1 -o spatial
flow clips | train --network cnn --depth 2 --channels 2 --epochs 1 -o motion
printf "id\tlabel\tcat\tdog\n7\t0\t0.75\t0.25\n" >predictions.tsv
printf "id\taccuracy\na\t0.9\nb\t0.8\nc\t0.7\n" >accuracies.tsv
printf "id\tscore\tweights\na\t30\t1\nb\t10\t2\nc\t20\t3\n" >scores.tsv
printf "unit\tcode\tvalue\n1\tD(0.5)\t0.8\n2\tD(0.5)\t1.1\n" >differences.tsv
'
status 0 'files to begin with'
cd ..

# The display of EXAMPLES without roff's escapes and comments, a command a line: those that a \ or a
# | leaves open are joined.
examples_of() { # program
    "$1" --help=man | sed '1,/^\.Bd -literal/d; /^\.Ed/,$d' |
        sed 's/\\-/-/g; s/\\(aq/'\''/g; s/\\(dq/"/g; s/\\(ha/^/g; s/\\(ti/~/g; s/\\&//g; s/\\e/\\/g' |
        sed '/^#/d; :more; /[|\]$/ { N; b more }' | sed -z 's/\\\n *//g; s/|\n */| /g'
}
for program in "$BIN"/*; do
    name=${program##*/}
    [ -f "$ROOT/tools/$name.c" ] || continue
    examples_of "$program" >commands
    ok "$name has examples" test -s commands
    rm -rf folder && cp -r given folder && cd folder || exit 1
    while IFS= read -r command; do
        shorter=$(sed 's/--epochs [1-9][0-9]*/--epochs 1/; s/--cells [0-9]*/--cells 3/
            s/--channels [0-9]*/--channels 4/; s/| predict/| pick --first 200 &/' <<<"$command")
        last=${command##*| }
        case $last in
        winnow* | *'>'* | dot* | sort*)
            run "$shorter"
            status 0 "$command"
            stderr empty
            ;;
        *)
            run "$shorter -v"
            status 0 "$command"
            stderr like "*${last%% *}: winnow *, *.?? s, *.?? s of CPU, *.? MiB at most"
            ;;
        esac
    done <../commands
    cd ..
done
done_testing
