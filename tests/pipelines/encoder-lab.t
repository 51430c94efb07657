#!/bin/bash
# The encoder laboratory, tiny, on real images: what it leaves and tells, and that its bytes depend
# neither on the number of threads nor on being killed and started again.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

tiny=(PLAIN=1 PROFILE=demo POOL=8 LATENTS=4 MAP=95 SEEDS='1 2'
    CLASSIFIER='--network cnn --depth 2 --channels 4 --batch 20 --rate 0.1 --augment none --epochs 3')
lab() { "$ROOT/pipelines/encoder-lab" BIN="$BIN" "${tiny[@]}" "$@"; }
# A checkpoint may outlive the kill that comes just before it is removed.

# shellcheck disable=SC2034 # in what run evaluates
arms='ARMS=untrained mse+triplet@kendall pca hash ssim'
run 'lab RUN=one THREADS=1 LATENTS="4 6" LEVELS=15 "$arms"'
status 0 'a miniature laboratory'
stdout like '*How classes lie: pool*| 4 | mse+triplet@kendall |*How classes lie: held-out-15*| 6 | pca |*What mining finds: held-out*What can be had back: pool*- mse+triplet@kendall, 6 numbers for 4:*'
for file in results.tsv table.md lab.png latent-4.png latent-6.png seed-1/latent-6/pca/map.png; do
    ok "it leaves $file" test -s one/$file
done
run 'cut -f 1-3 one/results.tsv | tail -n +2 | sort | uniq -c | awk "{ print \$1 }" | sort | uniq -c | xargs'
stdout exactly '27 2' # three sets, two latents, five arms, of which hash is one for both: both seeds of each
run 'head -n 1 one/results.tsv | tr "\t" "\n" | grep -nx -e r2 -e kept | cut -d : -f 1 | xargs'
read -r r2 kept <"$WORK/stdout"
run "awk -F '\t' -v r=$r2 -v k=$kept 'NR > 1 { print \$3, (\$r == \"-\") (\$k == \"-\") }' one/results.tsv | sort -u | xargs"
stdout exactly 'hash 11 mse+triplet@kendall 00 pca 00 ssim 11 untrained 00'
run "awk -F '\t' -v r=$r2 '\$1 == \"held-out\" && \$2 == 6 && \$4 == 1 { print \$3, \$r }' one/results.tsv | sort -rnk 2 | head -n 1"
stdout like 'pca 0.*' # two epochs of few images tell less
run 'cmp <(encode-latent --no-history --method pca --latent 6 --fit one/seed-2/pool one/held-out) one/seed-2/latent-6/pca/held-out.z'
status 0 'what is held out is placed by the pool'
run 'lab RUN=round SEEDS=1 ARMS=mse+circle@1,0.1 figures &&
    encode-latent --unit --weights round/seed-1/latent-4/mse+circle@1,0.1/encoder round/held-out | evaluate latents --json |
    cmp - round/seed-1/latent-4/mse+circle@1,0.1/held-out.space.json'
status 0 'of circle, the space of directions is judged'

run 'lab RUN=one THREADS=1 LATENTS="4 6" LEVELS=15 "$arms" 2>&1 >again | grep -c .'
stdout exactly 0 # nothing is done twice
run 'lab RUN=one THREADS=1 LATENTS="4 6" LEVELS=15 "$arms" --json so-far | python3 -c "
import json, sys
told = json.load(sys.stdin)
print(len(told[\"rows\"]), {r[\"r2\"] for r in told[\"rows\"] if r[\"arm\"] == \"hash\"}, len(told[\"versions\"]), len(told[\"expectations\"]) > 0)"'
stdout exactly '54 {None} 1 True'
run 'grep -h "hash |" one/table.md | cut -d "|" -f 2,3 | sort -u; tail -n 2 one/table.md | head -n 1'
stdout exactly $' 64 | hash \nRows of latent-N.png, from above: the images, untrained, mse+triplet@kendall, pca.'
run 'cp one/latent-4.png before; lab RUN=one THREADS=1 LATENTS="4 6" LEVELS=15 SEEDS=1 ARMS="untrained pca" && ! cmp -s before one/latent-4.png'
status 0 'of fewer arms it is another sheet'
stdout like '*| 4 | pca |* (1) |*'
run 'lab RUN=flat THREADS=1 SEEDS=1 ARMS="hash ssim" && test ! -e flat/lab.png && cat flat/table.md'
status 0 'arms without a way back have a table, and no picture'
stdout like '*| 64 | hash |*| 4 | ssim |*'
run 'lab RUN=never PROFILE=huge'
status 2
stderr like '*PROFILE: expected one of demo small reference, found *huge*'
few='ARMS=mse pca'
run 'lab RUN=once THREADS=1 SEEDS=1 "$few" && lab RUN=two THREADS=2 SEEDS=1 "$few" -j 2 && same_runs once two'
status 0 'two threads and two jobs give the bytes of one'
for after in seed-1/pool seed-1/latent-4/mse/encoder.part seed-1/latent-4/mse/held-out.z; do
    killed_at three/$after lab RUN=three SEEDS=1 "$few"
done
run 'lab RUN=three SEEDS=1 "$few" >/dev/null && same_runs once three'
status 0 'killed and killed again, it goes on and gives the same bytes'
run 'lab RUN=once SEEDS=1 EPOCHS=3 "$few"'
status 2
stderr like '*once holds a run of other settings*'
run 'lab RUN=once SEEDS="1 9" "$few" so-far'
status 0
stdout like '*| 4 | mse |* (1) |*'
run 'lab RUN=pilot SPLIT=validation POOL=12 SEEDS=1 ARMS=pca TRAINED=15 VALIDATION=4 figures pilot/seed-1/latent-4/pca/pool.mined &&
    cat pilot/seed-1/pool pilot/seed-1/validation pilot/held-out | save npy both -'
status 0 'trials on validation images'
ok 'which are not among those learnt from' \
    test -z "$(od -An -v -t d8 -w8 -j 128 both/id.npy | sort | uniq -d)"
run 'lab RUN=pilot SPLIT=validation POOL=12 SEEDS=1 ARMS=pca TRAINED=15 VALIDATION=4 so-far | grep -c "^How classes lie: validation"'
stdout exactly 1
run 'cmp <(compress --no-history --jpeg 15 pilot/seed-1/pool) pilot/seed-1/pool-15 &&
    encode-latent --no-history --method pca --latent 4 --fit pilot/seed-1/pool-15 pilot/held-out | cmp - pilot/seed-1/latent-4/pca/held-out.z'
status 0 'what is learnt from is compressed, of components too; what is judged is not'
run 'save tsv - pilot/seed-1/latent-4/pca/pool.mined | cut -f 2,4 | tail -n +2 | sort | uniq -c | xargs'
# Of the twelve of a class that are there ten ask, and two are left to come.
stdout like '2 0 0 8 0 1 2 1 0 8 1 1 *'
run 'lab RUN=never -n'
status 0
stdout like '*train-encoder*encode-latent*decode-latent*evaluate*'
ok 'a dry run does nothing' test ! -e never
run '"$ROOT/pipelines/encoder-lab-report" table'
status 2
done_testing
