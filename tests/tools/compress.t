#!/bin/bash
# Images through a codec, and back from the files that it makes.
. "${0%/*}/tap.sh"

# ---- wrong calls ----
for call in '' '--jpeg 5 --png' '--mix 5,10 --half 5' '--jpeg 0' '--jpeg 101' '--jpeg 5 --chroma 411' \
    '--mix 5,,10' '--mix five' '--png --chroma 444' '--png --optimize' '--h264 30 --optimize' '--jpeg 5 --reference 95' '--jpeg 5 --epoch 1' \
    '--jpeg 5 --seed 3' '--half 5 one two'; do
    run "compress $call </dev/null"
    status 2 "refused: compress $call"
done
run 'compress --mix 5,x'
stderr like "compress: --mix: expected whole numbers parted by commas, found '5,x'*"

# ---- images of one size, grey ----
random() { perl -e 'srand shift; print map { chr int rand 256 } 1 .. shift' "$@"; } # seed, bytes
be() { perl -e 'print pack "N*", @ARGV' "$@"; }
{ printf '\0\0\10\3'; be 600 9 7; random 1 37800; } >images
{ printf '\0\0\10\1'; be 600; random 2 600; } >labels
load idx images labels -o grey
run 'compress --jpeg 5 grey | save tsv - | cut -f 1-5 >five; save tsv - grey | cut -f 1-2 >before; head -n 1 five; cut -f 1-2 five | cmp - before'
status 0 'ids and labels pass on, at every level bit for bit'
stdout exactly $'id\tlabel\tbytes\tscan\tlevel'
for level in 10 15 50 75 95; do
    run "compress --jpeg $level grey | save tsv - | cut -f 1-2 | cmp - before"
    status 0 "labels at quality $level"
done
run 'for chroma in 420 422 444; do compress --jpeg 30 --chroma $chroma grey | save idx $chroma; done; cmp 420/images* 422/images* && cmp 420/images* 444/images*'
status 0 'grey images are the same whatever --chroma says'
run 'compress --png grey | save idx same && cmp same/images* images'
status 0 'PNG loses nothing'
run 'compress --jpeg 20 --no-history --threads 1 -o one grey; for n in 2 3 8; do compress --jpeg 20 --no-history --threads $n -o two grey && cmp one two || exit; done'
status 0 'the same bytes for any number of threads'
run 'cat grey grey | compress --jpeg 20 --no-history | peek | grep rows'
stdout exactly 'rows: 1200'
run 'compress --jpeg 20 grey | compress --jpeg 40 --chroma 444 | peek --json | grep -c "\"codec\": {"'
stdout exactly 3
run 'compress --jpeg 20 --optimize grey | save tsv - | cut -f 6- | cmp - <(compress --jpeg 20 grey | save tsv - | cut -f 6-)'
status 0 'tables of their own: the same pixels'
run 'compress --jpeg 20 --optimize grey | peek | grep -o "\"huffman\": \"[^\"]*\"" | sort -u; for o in "" --optimize; do compress --jpeg 20 $o grey | save tsv - | awk -F "\t" "NR > 1 { n += \$3; s += \$4 } END { print n, s }"; done'
ok 'in fewer bytes' perl -e '$_ = <>; @a = split " ", <>; @b = split " ", <>; exit !(/own tables/ && $b[0] < $a[0] && $b[1] < $a[1])' "$WORK/stdout"
run 'for o in "" --optimize; do compress --jpeg 20 $o --coded grey | save json | grep -o "\"bytes\":[0-9]*,\"scan\":[0-9]*" >files; compress --jpeg 20 $o grey | save json | grep -o "\"bytes\":[0-9]*,\"scan\":[0-9]*" | cmp - files || exit; done'
status 0 'the bytes told are those of the files'
run 'compress --jpeg 20 --chroma 422 grey | peek | tail -n 1'
stdout like '*"arguments": ?"--jpeg", "20", "--chroma", "422", "grey"?*"codec": {"name": "jpeg", "library": "libjpeg-turbo *", "chroma": "422",*"dct": "slow integer", "huffman": "standard tables", "extent": ?9, 7, 1?, "levels": ?20?}}'

# ---- levels by chance ----
run 'compress --half 5 grey | save tsv - | cut -f 5 | sort | uniq -c | tr -s " \n" " "'
stdout like ' [23]?? 5 [23]?? 95 1 level *'
run 'compress --half 5 --reference 50 grey | save tsv - | cut -f 5 | sort -u | tr "\n" " "'
stdout like '5 50 level '
run 'compress --mix 10,20,90 grey | save tsv - | cut -f 5 | sort -u | tr "\n" " "'
stdout exactly '10 20 90 level '
run 'compress --half 5 --no-history -o one grey; compress --half 5 --no-history grey | cmp - one'
status 0 'the same seed, the same bytes'
run 'for other in "--seed 2" "--epoch 1"; do compress --half 5 $other grey | save tsv - | cut -f 5 >other; save tsv - one | cut -f 5 | cmp -s - other && echo "$other" too; done'
stdout empty
run 'pick --random 100 --seed 9 grey | compress --half 5 | save tsv - >some; save tsv - one | grep -cxFf some'
stdout exactly 101
run 'compress --mix 0,5 grey'
status 2
stderr like 'compress: jpeg has levels from 1 to 100, found 0*'

# ---- files ----
for way in '--jpeg 15' '--png' '--mix 5,95'; do
    run "compress $way --no-history -o pixels grey; compress $way --coded --no-history grey | decompress --no-history | cmp - pixels"
    status 0 "decompress brings back what compress $way leaves"
done
run 'compress --jpeg 15 --coded grey | save coded class/files && ls class/files | wc -l; load folder class | peek | grep image'
status 0
stdout like $'600\n  image u8 ?9,7,1?*'
run 'load folder class --no-history | save idx again; compress --jpeg 15 grey | save tsv - | cut -f 1,3 | while read id bytes; do [ $id = id ] || [ $(stat -c %s class/files/$id.jpg) = $bytes ] || echo $id; done'
stdout empty
run 'compress --png --coded grey | save coded pngs && ls pngs | head -n 1'
stdout exactly 0.png
run 'save coded files grey'
status 1
stderr like '*field*coded*'
run 'decompress grey'
status 1
stderr like "decompress: grey: *coded*"

# ---- colour, and sizes that differ ----
mkdir -p many/a
for size in 1x1 1x40 37x5 16x16 33x17; do
    h=${size%x*} w=${size#*x}
    { printf '\0\0\10\4'; be 1 "$h" "$w" 3; random 3 $((h * w * 3)); } >"rgb$size"
    load idx "rgb$size" | save png "png$size" && mv "png$size/0.png" "many/a/$size.png"
done
load folder many -o colour
run 'compress --jpeg 50 colour | peek | grep image; for c in 420 422 444; do compress --jpeg 50 --chroma $c --no-history -o pixels colour; compress --jpeg 50 --chroma $c --coded colour --no-history | decompress --no-history | cmp - pixels || exit; done'
status 0 'colour of five sizes, 1x1 among them, there and back'
stdout exactly '  image u8 [?,?,3]  0 to 255, mean '"$(compress --jpeg 50 colour | peek | sed -n 's/.*image.*mean //p')"
run 'compress --png colour | save png back && for f in back/*; do cat "$f" | cksum; done | sort >a; save png was colour; for f in was/*; do cat "$f" | cksum; done | sort | cmp - a'
status 0 'PNG of colour loses nothing'

# ---- refused ----
{ printf '\0\0\10\4'; be 2 3 3 2; random 4 36; } >two
run 'load idx two | compress --jpeg 50'
status 1
stderr exactly 'compress: standard input: row 1: JPEG takes 1 or 3 channels, found 2'
run 'load idx two | compress --png | peek'
stderr like 'compress: standard input: row 1: PNG takes 1 or 3 channels, found 2*'
run 'head -c 20000 grey | compress --jpeg 50 -o out'
status 1 'a stream that was cut short'
ok 'and no file' test ! -e out
run 'derive --random | compress --jpeg 5 | peek >/dev/null'
stderr like 'compress: standard input: *samples*architecture*'
done_testing
