#!/bin/bash
# load: every format on small files made here, real sets where they are, and hostile files.
. "${0%/*}/tap.sh"

bytes() { printf "$(printf '\\x%s' "$@")"; }                      # hexadecimal bytes
be() { bytes $(printf '%08x' "$1" | sed 's/../& /g'); }           # a big-endian number
pattern() { # COUNT FIRST: bytes FIRST, FIRST + 7, ...
    local text= one i
    for ((i = 0; i < $1; i++)); do
        printf -v one '\\x%02x' $(((i * 7 + $2) % 256))
        text+=$one
    done
    printf "$text"
}
idx3() { bytes 0 0 8 3; be "$1"; be "$2"; be "$3"; }
rows() { save tsv - "$1" | cut -f"$2" | tail -n +2 | tr '\t\n' ': '; }

# ---- idx ----
{ idx3 3 2 2; pattern 12 1; } >images
{ bytes 0 0 8 1; be 3; bytes 5 0 9; } >labels
run 'load idx images labels >s && rows s 1-6'
status 0
stdout exactly '0:5:1:8:15:22 1:0:29:36:43:50 2:9:57:64:71:78 '
run 'load idx images | rows - 1,2'
stdout exactly '0:-1 1:-1 2:-1 '
gzip -k images labels
run 'load idx images.gz labels.gz --no-history | cmp - <(load idx images labels --no-history)'
status 0 'gzip or plain: the same stream'
run 'load idx images labels --size 1x1 | rows - 3'
stdout exactly '12 40 68 '
{ bytes 0 0 8 4; be 1; be 1; be 2; be 3; bytes 1 2 3 4 5 6; } >colour
run 'load idx colour | save json'
stdout exactly '{"id":0,"label":-1,"image":[[[1,2,3],[4,5,6]]]}'
run 'load idx colour --grey | save json'
stdout exactly '{"id":0,"label":-1,"image":[[[2],[5]]]}'
run 'load idx images --grey --no-history | cmp - <(load idx images --no-history)'
status 0 'grey stays as it is'
{ bytes 0 0 8 4; be 1; be 2; be 2; be 3; bytes ff 0 0  0 ff 0  0 0 ff  ff ff ff; } >primary
run 'load idx primary --grey | rows - 3-; load idx primary --grey --size 1x1 | rows - 3'
stdout exactly '76:150:29:255 128 '

fails() { # what stderr must be like, command
    run "$2"
    status 1
    stderr like "load: $1"
    ok 'one line' [ "$(wc -l <"$WORK/stderr")" -eq 1 ]
}
head -c 20 images >short
fails 'short: the header tells of 3 items of 4 bytes, 12 in all; found 4' 'load idx short'
{ cat images; echo; } >long
fails 'long: the header tells *' 'load idx long'
for n in 5 20 40; do head -c $n images.gz >short.gz; fails 'short.gz: *' 'load idx short.gz -o out'; done
ok 'nothing half-written' test ! -e out
{ idx3 4 2 2; pattern 12 1; } | gzip >few.gz
fails 'few.gz: ends within item 3 of 4' 'load idx few.gz'
{ idx3 2 2 2; pattern 12 1; } | gzip >many.gz
fails 'many.gz: bytes follow the last of its 2 items' 'load idx many.gz'
head -c -6 images.gz >crc.gz; bytes 1 2 c 0 0 0 >>crc.gz
fails 'crc.gz: *' 'load idx crc.gz'
{ idx3 4294967295 65535 65535; pattern 12 1; } >bomb
fails 'bomb: *' 'load idx bomb'
gzip -k bomb
fails 'bomb.gz: *' 'load idx bomb.gz'
{ idx3 1 4294967295 4294967295; pattern 12 1; } >bomb2
fails 'bomb2: *' 'load idx bomb2'
{ idx3 3 0 2; } >flat
fails 'flat: extent 1 is 0, expected 1 or more*' 'load idx flat'
fails 'labels: no IDX file of bytes: expected the magic number 0x00000803, found 0x00000801' 'load idx labels'
fails 'images: no IDX file of bytes: *' 'load idx images images'
{ bytes 0 0 8 1; be 2; bytes 5 0; } >two
fails 'two: expected 3 labels, one an image, found 2' 'load idx images two'
fails 'cannot open nowhere: No such file or directory' 'load idx nowhere'
: >empty
fails 'empty: ends within the header' 'load idx empty'
fails 'images: items of 4 bytes, more than the 3 of --most-bytes' 'load idx images --most-bytes 3'

# ---- wrong calls ----
for call in '' 'jpeg2000 x' 'idx' 'cifar10 test' 'cifar10 . validation' 'fashion-mnist' 'folder' \
    'idx a b c' 'idx a --size 3' 'idx a --size 0x4' 'cifar10 . test --root .'; do
    run "load $call"
    status 2
    stdout empty
done

# ---- mnist under its canonical names ----
mkdir mnist
cp images mnist/t10k-images-idx3-ubyte; cp labels.gz mnist/t10k-labels-idx1-ubyte.gz
run 'load mnist mnist test | rows - 1,2'
stdout exactly '60000:5 60001:0 60002:9 '
fails 'cannot find mnist/train-images-idx3-ubyte, nor packed as .gz: *' 'load mnist mnist train'
{ bytes 0 0 8 1; be 3; bytes 5 a 9; } >mnist/t10k-labels-idx1-ubyte
fails 'mnist/t10k-labels-idx1-ubyte: item 1: expected a label below 10, found 10' 'load mnist mnist test'
fails "*install Debian's package dataset-fashion-mnist*" 'load fashion-mnist --root nowhere test'

# ---- cifar ----
mkdir cifar
record() { bytes "$1"; [ $# -eq 1 ] || bytes "$2"; pattern 1024 1; pattern 1024 2; pattern 1024 3; }
record 3 >one; record 9 >two
cat one two >cifar/data_batch_1.bin; cat two >cifar/data_batch_3.bin
run 'load cifar10 cifar train | rows - 1-8'
status 0
stdout exactly '0:3:1:2:3:8:9:10 1:9:1:2:3:8:9:10 20000:9:1:2:3:8:9:10 '
stderr exactly 'load: cifar: found 2 of 5 files: 3 images'
fails 'cifar: cannot find test_batch.bin *' 'load cifar10 cifar test'
record a >cifar/test_batch.bin
fails 'cifar/test_batch.bin: record 0: expected a label below 10, found 10' 'load cifar10 cifar test'
echo >>cifar/test_batch.bin
fails 'cifar/test_batch.bin: expected records of 3073 bytes, found a file of 3074' 'load cifar10 cifar test'
record 4 63 >cifar/test.bin
run 'load cifar100 cifar test | rows - 1,2,3075'
stdout exactly '50000:99:4 '
run 'load cifar10 cifar train -q | pick --classes cat | rows - 1'
stdout exactly '0 ' 'class names are known'

# ---- folder ----
mkdir -p set/b set/a set/c
load idx images | save png pngs
cp pngs/0.png set/b/x.png; cp pngs/1.png set/a/y.PNG; cp pngs/2.png set/a/x.png; echo hello >set/a/notes.txt
run 'load folder set | save tsv | cut -f2- | tr "\t\n" ": "'
status 0
stdout exactly 'label:image0:image1:image2:image3:file 0:57:64:71:78:a/x.png 0:29:36:43:50:a/y.PNG 1:1:8:15:22:b/x.png '
stderr exactly 'load: set: files beside the classes, left out: 0; classes without files: 1'
cp pngs/0.png set/loose.png; echo hello >set/notes.txt
run 'load folder set -q | rows - 2'
stderr empty
run 'load folder set >/dev/null'
stderr exactly 'load: set: files beside the classes, left out: 1; classes without files: 1'
rm set/loose.png
run 'load folder set | pick --classes b | rows - 2'
stdout exactly '1 '
load folder set | rows - 1 >ids
ok 'ids are positive, below 2^53 and distinct' \
    [ "$(tr ' ' '\n' <ids | grep . | awk '$1 > 0 && $1 < 2^53' | sort -u | wc -l)" -eq 3 ]
load idx colour | save png set/c
run 'load folder set >varying'
stderr empty
run 'load folder set | save json | cut -d: -f4'
stdout like '*\[\[\[57,57,57\],\[64,64,64\]\],*\[\[\[1,2,3\],\[4,5,6\]\]\],"file"'
run 'load folder set --grey | save json | cut -d: -f4 | sed -n \$p; load folder set --size 2x2 --grey | peek | grep image'
stdout like '\[\[\[2\],*image u8 \[2,2,1\]*'
run 'load folder set --size 2x2 | rows - 3-5'
stdout exactly '57:57:57 29:29:29 1:1:1 1:2:3 '
for n in 10 40 60; do
    head -c $n pngs/0.png >set/a/z.png
    fails '*set/a/z.png: *' 'load folder set'
done
echo nonsense >set/a/z.png
fails 'set/a/z.png: neither PNG nor JPEG' 'load folder set'
# a PNG that tells of 2^20 x 2^20 pixels (its own CRC right)
{ bytes 89 50 4e 47 d a 1a a 0 0 0 d 49 48 44 52 0 10 0 0 0 10 0 0 8 0 0 0 0; bytes 1f 40 ab 9c; } >set/a/z.png
fails '*set/a/z.png: *' 'load folder set'
mkdir none
fails 'none: expected .png|.jpg|.jpeg, or a sub-folder of them for every class' 'load folder none'
# Of no class: a number in a name is the id, if it is all of the name and fits.
mkdir plain
for name in 12 -3 12x 99999999999999999999; do cp pngs/0.png plain/$name.png; done
run 'load folder plain | rows - 1-2 | tr " " "\n" | grep -c -e "^12:-1$" -e "^[0-9]\{13,\}:-1$"'
stdout exactly 4
cp plain/12.png plain/012.png
fails '*12.png and *12.png get the same id 12: rename one' 'load folder plain'
fails 'cannot read folder nowhere: *' 'load folder nowhere'

run "perl -e 'pipe R, W; close R; \$SIG{PIPE} = \"IGNORE\"; open STDOUT, \">&\", \\*W; exec @ARGV' load idx images"
status 141 'a closed pipe ends it quietly, whatever its parent ignores'
stderr empty
{ printf '\0\0\10\3\0\0\0\12\0\0\0\100\0\0\0\100'; head -c 40960 /dev/zero; } >zeros
run '(ulimit -f 1; load idx zeros -o large; echo $?); ls large*'
stdout exactly 1
stderr like '*load: cannot write large: File too large*'
run 'load idx images >/dev/full'
status 1 'a full disk is an error'

# ---- real sets ----
if [ -d /usr/share/datasets/fashion-mnist ]; then
    for split in test:10000:60000:9 train:60000:0:9; do
        IFS=: read -r name count first label <<<"$split"
        run "load fashion-mnist $name >f && pick --first 1 f | rows - 1,2"
        stdout exactly "$first:$label "
        rm -rf out && save idx out f
        ok "$count images of $name" [ "$(stat -c %s out/labels-idx1-ubyte)" -eq $((8 + count)) ]
    done
    ok 'pixels are those of the file' cmp out/images-idx3-ubyte \
        <(gzip -dc /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz)
    run 'load fashion-mnist test | pick --classes "Ankle boot" | save idx boots; stat -c %s boots/labels-idx1-ubyte'
    stdout exactly 1008
    if (ulimit -v 400000; load --version) >/dev/null 2>&1; then
        run '(ulimit -v 400000; load fashion-mnist train >/dev/null)'
        status 0 'in bounded memory'
    else
        skip 'this build needs memory of its own'
    fi
else
    skip 'no Fashion-MNIST here'
fi
if [ -d "$SHARED/data/cifar10" ] && command -v zstd >/dev/null; then
    mkdir real
    zstd -qdc "$SHARED/data/cifar10/test_batch.bin.zst" >real/test_batch.bin
    load cifar10 real test | pick --per-class 400 | save idx ten
    run 'od -An -v -tu1 -w1 -j8 ten/labels-idx1-ubyte | sort -n | uniq -c | tr -s " \n" " "'
    stdout exactly ' 400 0 400 1 400 2 400 3 400 4 400 5 400 6 400 7 400 8 400 9 '
else
    skip 'no CIFAR-10 here'
fi
if [ -d "$SHARED/data/hands-sign-digits" ]; then
    run 'load folder "$SHARED/data/hands-sign-digits" --size 8x8 | pick --per-class 24 | save tsv | wc -l'
    stdout exactly 241
    mkdir -p jpeg/a
    picture=$(find "$SHARED/data/hands-sign-digits/0" -name '*.[jJ][pP]*' | sort | head -n 1)
    for n in 2 30 700 1500 -2; do
        head -c $n "$picture" >jpeg/a/cut.jpg
        fails 'jpeg/a/cut.jpg: *' 'load folder jpeg'
    done
    run 'load folder "$SHARED/data/textures-dtd" --size 8x8 | save tsv | wc -l'
    stdout exactly 61
else
    skip 'no folder of JPEG here'
fi
done_testing
