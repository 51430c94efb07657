#!/bin/bash
# Clips: videos in and out.
. "${0%/*}/tap.sh"

frames() { # height width count seed: planes of 4:2:0 that lie within RGB's range
    perl -e 'my ($h, $w, $n, $seed) = @ARGV; srand $seed;
        my $c = int(($h + 1) / 2) * int(($w + 1) / 2);
        print "YUV4MPEG2 W$w H$h F25:2 Ip A1:1 C420jpeg\n";
        for (1 .. $n) {
            print "FRAME\n", map({ chr(80 + rand 80) } 1 .. $h * $w), map { chr(120 + rand 16) } 1 .. 2 * $c;
        }' "$@"
}
frames 6 8 7 1 >one.y4m
frames 5 7 3 2 >odd.y4m

run 'load y4m one.y4m | peek'
status 0
stdout like $'kind: samples\nrows: 1\n*clip u8 ??,6,8,3?*"rate": ?25, 2?*'
run 'load y4m one.y4m | save y4m out && cmp one.y4m out/0.y4m && load y4m - <odd.y4m | save y4m out && cmp odd.y4m out/0.y4m'
status 0 'what was loaded is saved again, to the byte; an odd size too'
run 'load y4m one.y4m --frames 3 | peek | sed -n 2,6p'
stdout like $'rows: 2\n*\n*\n  id i64*0 to 1*\n*'
run 'load y4m one.y4m --frames 3 | peek | grep clip'
stdout like '  clip u8 ?3,6,8,3?*'
run 'load y4m one.y4m --frames 1 | save y4m frames; (head -n 1 one.y4m; for n in 0 1 2 3 4 5 6; do tail -n +2 frames/$n.y4m; done) | cmp - one.y4m'
status 0 'cut into frames, in their order'
run 'load y4m one.y4m --frames 7 | peek | grep rows'
stderr empty
run 'load y4m one.y4m --frames 8 -o long'
status 1
stderr exactly 'load: one.y4m: no clip: no video of 8 frames'
ok 'and no file' test ! -e long
run 'load y4m one.y4m --size 3x4 | peek | grep clip'
stdout like '  clip u8 ??,3,4,3?*?7,3,4,3?'

mkdir -p classes/run classes/walk classes/empty
cp one.y4m classes/run/1.y4m && cp odd.y4m classes/walk/2.Y4M && cp one.y4m classes/walk/3.y4m && echo >classes/run/notes
run 'load y4m classes --frames 2 | peek'
status 0
stdout like $'*rows: 7\n*label i32 *1 to 2*clip u8 ?2,?,?,3?*file str*"classes": ?"empty", "run", "walk"?*"rate": ?25, 2?*'
run 'load y4m classes --size 6x8 --frames 2 --no-history | pick --classes walk | peek | grep -e rows -e clip'
stdout like $'rows: 4\n  clip u8 ?2,6,8,3?*'

# ---- refused ----
for call in 'y4m' 'y4m one.y4m two.y4m' 'y4m one.y4m --frames -1' 'folder classes --frames 2' \
    'npy classes --frames 2'; do
    run "load $call"
    status 2 "refused: load $call"
done
run 'head -c 250 one.y4m >cut; load y4m cut'
status 1
stderr exactly 'load: cut: frame 3: y4m: ends within a frame'
run 'load y4m --most-bytes 500 one.y4m'
stderr exactly 'load: one.y4m: a clip of more bytes than the 500 of --most-bytes'
run 'load y4m --most-bytes 100 one.y4m'
stderr like 'load: one.y4m: y4m: frames of 6 x 8 x 3, more than the 100 of --most-bytes'
run 'head -n 1 one.y4m | load y4m -'
stderr exactly 'load: standard input: no frames'
run 'load y4m nowhere'
stderr like 'load: cannot open nowhere: No such file or directory'
run 'echo hello | load y4m -'
stderr exactly 'load: standard input: y4m: expected a whole line that begins with YUV4MPEG2'
printf '\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1\7' >image && load idx image -o picture
run 'save y4m out picture'
stderr like '*clip*'

# ---- real ones ----
if [ -d "$SHARED/data/raw-video" ]; then
    for f in "$SHARED"/data/raw-video/*160*.y4m; do
        run "load y4m '$f' | save y4m real; cmp -l '$f' real/0.y4m | wc -l"
        ok "a real scene: $(cat "$WORK/stdout") of $(stat -c %s "$f") bytes are not within RGB's range" \
            test "$(cat "$WORK/stdout")" -lt $(($(stat -c %s "$f") / 8))
    done
else
    skip 'no raw video'
fi
done_testing
