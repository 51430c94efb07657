#!/bin/bash
# The compression study, tiny, on real images: what it must show of its own arms, and that its bytes
# depend neither on the number of threads nor on being killed and started again.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

tiny=(PLAIN=1 POOL=40 TEST=4 EPOCHS=2 LEVELS='95 50 5' SEEDS='1 2'
    TRAIN='--network cnn --depth 2 --channels 4 --batch 40 --rate 0.1 --augment none')
study() { "$ROOT/pipelines/compression-study" BIN="$BIN" "${tiny[@]}" "$@"; }
# A checkpoint may outlive the kill that comes just before it is removed.

run 'study RUN=one THREADS=1 ARMS="inference retrained mixed pure"'
status 0 'a miniature study'
stdout like 'The source: Fashion-MNIST, made of JPEG pictures*.*top-1 accuracy*| 5 | * | *Every model had 20 updates*'
for file in results.tsv table.md study.tsv study.png levels.png; do
    ok "it leaves $file" test -s one/$file
done
run 'tail -n +2 one/results.tsv | cut -f 1 | sort | uniq -c | xargs'
stdout exactly '8 inference 6 mixed 6 pure 6 retrained' # three levels and lossless, two seeds

run "grep -c '^retrained.95.1.' one/results.tsv && diff <(grep -P '^retrained\t95\t' one/results.tsv | cut -f 2-) \
    <(grep -P '^inference\t95\t' one/results.tsv | cut -f 2-)"
status 0 'the reference rows of both arms are one and the same'
stdout exactly 1
run "cut -f 10 one/results.tsv | sort -u | xargs"
stdout exactly '20 updates' # of every model
# What a level leaves is told by the program that measures it.
quality() { evaluate images --json one/held-out one/at-5/images | sed -n "s/^ *\"$1\": \([^,]*\),*$/\1/p"; }
run 'printf "*| 5 | * %% | %.2f | %.2f | %.2f | %.4f | *" $(quality bits_per_pixel) $(quality scan_bits_per_pixel) $(quality psnr) $(quality ssim)'
wanted=$(cat "$WORK/stdout")
run 'cat one/table.md'
stdout like "$wanted"
stdout like "*The codec: jpeg of libjpeg*, chroma 420, *; lossless: png of libpng*
Version of the programs: $(peek --version | sed 's/.*(winnow) \([^,]*\),.*/\1/')*| lossless |*| ∞ | 1.0000 |*"
arms='ARMS=inference retrained mixed pure'
run 'study RUN=one "$arms" --json >told && study RUN=one "$arms" --json so-far | cmp - told'
status 0 'the report as JSON, and of what there is'
run 'python3 -c "
import json
told = json.load(open(\"told\"))
rows = told[\"rows\"]
print(len(rows), len(told[\"versions\"]), told[\"codecs\"][\"lossless\"][\"name\"], told[\"settings\"][\"CHROMA\"])
assert rows[0][\"level\"] == \"95\" and 0 <= rows[0][\"top1\"] <= 1 < rows[0][\"bits_per_pixel\"]
assert {r[\"psnr\"] for r in rows if r[\"level\"] == \"lossless\"} == {None}
print(sorted({e[\"verdict\"] for e in told[\"expectations\"]} - {\"holds\", \"does not hold\"}))"'
stdout exactly $'26 1 png 420\n[]'
run 'python3 -c "
import json, statistics
for level, arm in (95, \"reference\"), (5, \"half-5\"):
    rows = [json.load(open(f\"one/seed-{s}/{arm}/at-{level}.json\")) for s in (1, 2)]
    each = [statistics.stdev(c[\"recall\"] for c in r[\"per_class\"] if c[\"support\"]) for r in rows]
    ends = [100 * statistics.mean(r[\"spread_\" + end] for r in rows) for end in (\"low\", \"high\")]
    of = [100 * statistics.mean(each), 100 * statistics.stdev(each)] + ends
    print(\"inference\" if level == 95 else \"retrained\", \"at %d: %.2f ± %.2f (over images %.2f to %.2f)\" % (level, *of))"'
status 0
while read -r line; do
    ok "classes: $line" grep -qF "classes, %, $line" one/table.md
done <"$WORK/stdout"
labels() { save npy was "$1" && mv was/label.npy "$2" && rm -r was; }
run 'labels one/held-out a; for l in 95 50 5 lossless; do labels one/at-$l/images b && cmp a b || exit; done'
status 0 'labels are never compressed'

# What a retrained model is shown: half of the images, others each epoch and seed.
half() { compress --half 5 --reference 95 --seed $1 --epoch $2 one/seed-1/pool; }
count() { save npy was - && rm was/image.npy && od -An -v -t d4 -j 128 was/level.npy | tr -s ' ' '\n' | grep -cx 5; rm -r was; }
run 'half 1 1 | count'
ok 'half of them are at the level' test "$(cat "$WORK/stdout")" -ge 170 -a "$(cat "$WORK/stdout")" -le 230
run 'cmp <(half 1 1) <(half 1 1)'
status 0 'the same draw twice'
for other in '1 2' '2 1'; do
    run "cmp -s <(half 1 1) <(half $other)"
    status 1 'another draw by another seed or epoch'
done

run 'study RUN=one THREADS=1 ARMS="inference retrained mixed pure" 2>&1 >again | grep -c .'
stdout exactly 0 # nothing is done twice

# Of the first seed there is no level 50: what is said of two levels is said of the seeds that both have.
run 'awk -F "\t" -v OFS="\t" "NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i } NR > 1 && \$1 == \"inference\" {
        \$at[\"top1\"] = \$2 == 5 ? 0.2 : \$2 == 50 ? 0.6 + \$3 / 10 : 0.9; if (\$2 == 50 && \$3 == 1) next } { print }" one/results.tsv >lacks.tsv &&
    "$ROOT/pipelines/compression-study-report" table lacks.tsv one Fashion-MNIST'
stderr empty
stdout like '*a cliff?, by more than 2 s.e.: cannot be told of one seed*'
arms='ARMS=inference retrained mixed'
run 'study RUN=once THREADS=1 SEEDS=1 "$arms" && study RUN=two THREADS=2 SEEDS=1 "$arms" -j 2 && same_runs once two'
status 0 'two threads and two jobs give the bytes of one'
# Tasks beside each other: the parts that are left, seed by seed.
run '"$ROOT/pipelines/compression-study-report" tasks one one >tasks && python3 -c "
import json, statistics
at = lambda seed, model, level: json.load(open(f\"one/seed-{seed}/{model}/at-{level}.json\"))[\"top1\"]
each = [100 * at(s, \"reference\", 5) / at(s, \"reference\", 95) for s in (1, 2)]
print(\"%.2f ± %.2f (2)\" % (statistics.mean(each), statistics.stdev(each)))"'
ok 'what is left at 5' grep -qE "^\| fashion-mnist \| top-1 accuracy \| jpeg 5 \| [0-9]+ \| $(sed 's/[()]/\\&/g' "$WORK/stdout") \| [0-9]" tasks
ok 'and where it bends' grep -q '^- most that fashion-mnist can save at a loss below a tenth: inference, .*; retrained, ' tasks
ok 'and lost' grep -q '^- lost at jpeg 5, not retrained, of 100: fashion-mnist .*, fashion-mnist ' tasks

# Killed within a training of a call an epoch, between, and within one of one call.
for after in seed-1/half-5/net.part seed-1/mixed/net seed-1/reference/net.part; do
    killed_at three/$after study RUN=three SEEDS=1 "$arms"
done
run 'study RUN=three SEEDS=1 "$arms" >/dev/null && same_runs once three'
status 0 'killed and killed again, it goes on and gives the same bytes'

run 'study RUN=two SEEDS=1 ARMS="inference blurred noisy reblurred"'
status 0 'as much worse in other ways'
stdout like '*| SSIM | inference | reblurred | blurred | noisy |*| 95 |* (1) |* (1) | - | - |*| 5 |* (1) |* (1) |* (1) |* (1) |*'
run 'python3 -c "
import json, statistics
at = lambda level: json.load(open(f\"two/seed-1/reference/at-{level}.json\"))[\"top1\"]
lost = [[at(95) - at(way + level) for level in (\"50\", \"5\")] for way in (\"\", \"blur-\", \"noise-\")]
r = lambda a, b: ((a[0] - a[1]) * (b[0] - b[1]) > 0) * 2. - 1 # of two pairs
for name, other in (\"images blurred as much\", 1), (\"images with noise, wrong by as much\", 2):
    if lost[0][0] != lost[0][1] and lost[other][0] != lost[other][1]:
        print(f\"- what is lost by {name}, and by the codec, over levels and seeds: correlation {r(lost[0], lost[other]):.2f}\")"'
status 0
while read -r line; do
    ok "$line" grep -qFx -e "$line" two/table.md
done <"$WORK/stdout"

run 'study RUN=once EPOCHS=3'
status 2
stderr like '*once holds a run of other settings*'
sed -i 's/^VERSIONS = .*/VERSIONS = 0.0.1/' once/settings
run 'study RUN=once SEEDS=1 "$arms"'
status 2 'begun by another version'
stderr like '*once holds results of version 0.0.1, and this is *VERSIONS=any*'
run 'study RUN=once SEEDS=1 "$arms" VERSIONS=any report'
status 0 'mixed, as was asked for'
stdout like '*Versions of the programs, MIXED: 0.0.1, *'
run 'study RUN=pilot SPLIT=validation SEEDS=1 ARMS=inference && cat pilot/seed-1/pool pilot/held-out | save npy both -'
status 0 'trials on validation images'
ok 'which are not among those trained on' \
    test -z "$(od -An -v -t d8 -w8 -j 128 both/id.npy | sort | uniq -d)"
run 'study RUN=never -n'
status 0
stdout like '*compress*train*predict*evaluate*'
ok 'a dry run does nothing' test ! -e never
run 'study RUN=once SEEDS="1 9" SOURCE="never coded" so-far'
status 0
stdout like 'The source: never coded.*top-1 accuracy*'
source() { "$ROOT/pipelines/compression-study" help "$@" | grep '^SOURCE'; }
run 'source DATA="cifar10 FOLDER"; source DATA="camvid FOLDER --size 120x160"; source DATA=clips GROUND=FOLDER; source DATA="folder FOLDER"'
stdout like '*CIFAR-10, made of *JPEG*CamVid, * compressed video *composed*; of Fashion-MNIST, made of JPEG *; over *not known; SOURCE=... says it*'

# The class of every pixel: pictures dark on the left and bright on the right.
pictures() { # expression of $i, $x, $y
    perl -e 'srand 1; print pack "C4N3", 0, 0, 8, 3, 8, 16, 16;
        for my $i (0 .. 7) { for my $y (0 .. 15) { for my $x (0 .. 15) { print chr eval $ARGV[0] } } }' "$1"
}
pictures '($x < 4 + $i ? 60 : 160) + int rand 60' >images.idx
pictures '$y == 15 ? 2 : $x >= 4 + $i' >labels.idx
for split in train test; do
    mkdir -p set/$split
    load idx images.idx | save png set/$split/images
    load idx labels.idx | save png set/$split/labels
done
printf '0 dark\n1 bright\n2 void\n' >set/classes.txt
run 'study DATA="camvid set --size 16x16" RUN=pixels POOL= TEST= SEEDS=1 \
    TRAIN="--network segnet --depth 1 --channels 4 --batch 4 --rate 0.1 --augment none"'
status 0 'a miniature study of pixels'
stdout like '*mean IoU*| 95 | *pixel accuracy*| 5 | *mean class accuracy*'
run 'save npy was pixels/held-out && save npy is pixels/at-5/images && cmp was/target.npy is/target.npy && ! cmp -s was/image.npy is/image.npy'
status 0 'classes of pixels are never compressed'

# How far away every pixel is; lower is better.
run 'study DATA=scenes RUN=scenes POOL=60 TEST=20 SEEDS="1 2" ARMS="inference retrained" \
    TRAIN="--network unet --depth 2 --channels 4 --batch 10 --rate 0.1"'
status 0 'a miniature study of depths'
stdout like '*root mean squared error of depth, % (lower is better)*| 95 | *mean relative error*mean squared relative*'
run 'save npy was scenes/held-out && save npy is scenes/at-5/images && cmp was/depth.npy is/depth.npy && ! cmp -s was/image.npy is/image.npy'
status 0 'depths are never compressed'
run "cat scenes/seed-[12]/pool scenes/held-out | save npy all - && od -An -v -t d8 -w8 -j 128 all/id.npy | sort -u | wc -l"
stdout exactly 80 # of the pools 0 to 59, of what is held out others
run "cmp -s scenes/seed-1/pool scenes/seed-2/pool"
status 1 'each seed has scenes of its own'
perl -pe 's/^(inference\t95\t.*\t)[^\t]+(\t[^\t]+\t[^\t]+\n)/${1}0.10$2/; s/^(inference\t5\t.*\t)[^\t]+(\t[^\t]+\t[^\t]+\n)/${1}0.05$2/' \
    scenes/results.tsv >better.tsv
run '"$ROOT/pipelines/compression-study-report" table better.tsv'
stdout like '*knee of inference*: level 5, *inference-only at 5 is no better than at 50: does not hold (+*'

# What moves how: a network of frames, one of motion, and both.
run 'study DATA=clips RUN=clips POOL=16 TEST=8 EPOCHS=1 SEEDS="1 2" LEVELS="23 50" ARMS="inference retrained parted fitted" -j2'
status 0 'a miniature study of clips'
stdout like '*The codec: h264 *preset *top-1 accuracy, %: *| 23 | *| 50 | *by frames alone*by motion alone*'
run "cut -f 1-3 clips/results.tsv | sort | tr '\t' ' ' | xargs"
stdout exactly 'arm level seed fitted 23 1 fitted 23 2 fitted 50 1 fitted 50 2 inference 23 1 inference 23 2 inference 50 1 inference 50 2 parted 23 1 parted 23 2 parted 50 1 parted 50 2 retrained 23 1 retrained 23 2 retrained 50 1 retrained 50 2'
both() { fuse --no-history clips/seed-1/spatial/$1/at-50.predictions clips/seed-1/motion/$2/at-50.predictions; }
run 'cmp <(both half-50 reference) clips/seed-1/fusion/parted-50/at-50.predictions && cmp <(both half-50 half-50) clips/seed-1/fusion/half-50/at-50.predictions'
status 0 'parted: frames of the network that was trained again, motion of the one that was not'
# Motion counts by what is best of other clips; those are neither in the pool nor held out.
run 'cut -f 1 clips/seed-1/fusion/fitted-50/tenths | xargs; peek clips/seed-1/validation | grep -e "^rows" -e "^  id"'
stdout exactly '10,0 9,1 8,2 7,3 6,4 5,5 4,6 3,7 2,8 1,9 0,10
rows: 4
  id i64                16 to 19, mean 17.5'
run 'm=$(sort -s -k 2,2gr clips/seed-1/fusion/fitted-50/tenths | head -n 1 | cut -f 1)
    awk -v best=$m "{ worth[\$1] = \$2 } END { for (w in worth) if (worth[w] > worth[best]) exit 1 }" clips/seed-1/fusion/fitted-50/tenths &&
    fuse --no-history --weights $m clips/seed-1/{spatial,motion}/reference/at-50.predictions | cmp - clips/seed-1/fusion/fitted-50/at-50.predictions'
status 0 'fitted: by the weights that are best of those'
run 'load fashion-mnist test | pick --first 4 | save png walls/wall && study DATA=scenes GROUND=walls RUN=walled POOL=16 TEST=8 walled/held-out walled/seed-1/pool &&
    peek walled/held-out | grep -c "rows: 8"'
status 0 'grounds from a folder'
ok 'a clip is told once, whatever frames of it were looked at' \
    test "$(peek clips/seed-1/spatial/reference/at-50.predictions | grep '^rows')" = 'rows: 8'
done_testing
