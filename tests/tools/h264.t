#!/bin/bash
# H.264: clips through x264, and back by libavcodec.
. "${0%/*}/tap.sh"
shopt -s nullglob

metric() { evaluate images "$1" "$2" | sed -n "s/^$3 *//p"; }
y4m() { # width height frames chroma: smooth, and moving
    perl -e 'my ($w, $h, $n, $c) = @ARGV;
        my $chroma = $c eq "mono" ? 0 : 2 * int(($w + 1) / 2) * int(($h + 1) / 2);
        print "YUV4MPEG2 W$w H$h F25:1 C$c\n";
        for my $f (1 .. $n) {
            print "FRAME\n";
            for my $y (1 .. $h) { print pack "C*", map { 120 + 60 * sin(($_ + 3 * $f) / 7) * cos($y / 9) } 1 .. $w }
            print pack "C*", map { 128 + 10 * sin($_ / 40) } 1 .. $chroma;
        }' "$@"
}

# ---- what the encoder rebuilt is what a decoder makes of the bytes ----
y4m 64 48 12 420 >even.y4m && y4m 33 17 9 420 >odd.y4m && y4m 40 24 8 mono >grey.y4m
y4m 2 2 3 420 >small.y4m && y4m 1 1 2 420 >one.y4m && y4m 64 48 1 420 >still.y4m
run 'load y4m even.y4m -o even && compress --h264 30 --coded even | decompress | peek >/dev/null'
if [ "$tap_status" = 0 ]; then
    for clip in even odd grey small one still; do
        for crf in 1 23 40 51; do
            run "load y4m $clip.y4m | compress --h264 $crf --no-history -o left && load y4m $clip.y4m | compress --h264 $crf --coded --no-history | decompress --no-history | cmp - left"
            status 0 "$clip, CRF $crf: to the bit"
        done
    done
    for more in '--preset ultrafast' '--preset slower' '--tune film' '--preset veryfast --tune zerolatency' '--tune grain'; do
        run "compress --h264 28 $more --no-history even -o left && compress --h264 28 $more --coded --no-history even | decompress --no-history | cmp - left"
        status 0 "$more: to the bit"
    done
    run 'compress --h264 30 --coded even -o coded && save coded files coded && load video files/0.264 --no-history | peek | grep clip'
    stdout like '  clip u8 *12,48,64,3*'
    if command -v ffmpeg >/dev/null; then
        # the whole way past us: ffmpeg decodes the file, we read its frames
        run 'ffmpeg -v error -i files/0.264 -f yuv4mpegpipe -strict -1 ffmpeg.y4m && load y4m ffmpeg.y4m | save npy a; compress --h264 30 even | save npy b; cmp a/clip/0.npy b/clip/0.npy 2>/dev/null || cmp a/clip.npy b/clip.npy'
        status 0 'and to the bit what ffmpeg makes of the file'
    else
        skip 'no ffmpeg'
    fi
    run 'compress --h264 30 --coded even | head -c 900 | decompress >/dev/null'
    status 1 'a stream that was cut'
else
    skip "no libavformat: $(cat "$WORK/stderr")"
fi

# ---- options, history ----
for call in '--h264 52' '--h264 0' '--h264 30 --chroma 444' '--h264 30 --preset best' '--h264 30 --jpeg 5' '--jpeg 5 --tune film'; do
    run "compress $call even"
    status 2 "refused: compress $call"
done
run 'compress --jpeg 15 even'
status 1
stderr like 'compress: even: *image*'
run 'compress --mix 20,30 --chroma 444 even'
status 2
stderr like 'compress: --chroma goes with JPEG*'
run 'compress --h264 30 --preset fast even | peek | tail -n 1'
stdout like '*"codec": {"name": "h264", "library": "x264 *", "preset": "fast", "chroma": "420", "options": "cabac=1 ref=2 *bframes=3 *keyint=250 *rc=crf mbtree=1 *", "extent": ?null, 48, 64, 3?, "levels": ?30?}}'
run 'load y4m even.y4m --frames 2 -o cut; for n in 1 2 3; do compress --half 40 --no-history --threads $n -o half$n cut; done; cmp half1 half2 && cmp half1 half3'
status 0 'the same bytes for any number of threads'
run 'compress --half 40 cut | save json - | grep -o "\"level\":[0-9]*" | sort -u | tr "\n" " "'
stdout like '"level":23 "level":40 '
run 'compress --mix 20,60 cut'
status 2
stderr like 'compress: h264 has levels from 1 to 51, found 60*'

# ---- what the study says must be shown: the frames there are, prediction, rate ----
run 'load y4m odd.y4m | compress --h264 30 | peek | grep clip'
stdout like '*9,17,33,3*'
clips() { # name of a stream of clips
    : >"$1.table"
    for crf in 23 25 30 40 50; do
        compress --h264 $crf "$1" | evaluate images "$1" |
            awk -v crf=$crf '/^scan /{ s = $2 } /^psnr_of/{ p = $2 } END { print crf, s, p }' >>"$1.table"
    done
    awk -v name="$1" '{ print "# " name ": CRF " $1 ", " $2 " bytes of scan a clip, " $3 " dB" }' "$1.table"
    ok "$1: bytes and PSNR fall strictly from CRF 23 to 50" \
        awk 'NR > 1 && !($2 < s && $3 < p) { exit 1 } { s = $2; p = $3 } END { exit NR != 5 }' "$1.table"
    ok "$1: sizes are within a factor of two of 2^(-dCRF/6)" \
        awk 'NR == 1 { s = $2 } { r = $2 / s / 2^((23 - $1) / 6); if (r < 0.5 || r > 2) { print $1, r; exit 1 } }' "$1.table"
}
if [ -d "$SHARED/data/raw-video" ]; then
    load y4m "$SHARED"/data/raw-video/*320*.y4m --frames 1 | pick --first 1 | save y4m still
    # the longer a frame is referred to, the more x264 spends on it: so what more frames cost
    # is seen once it has settled
    bytes() { # frames
        (cat still/0.y4m; for _ in $(seq 2 "$1"); do sed 1d still/0.y4m; done) |
            load y4m - | compress --h264 23 | save json - | sed 's/.*"scan":\([0-9]*\).*/\1/'
    }
    one=$(bytes 1) few=$(bytes 16) more=$(bytes 24)
    ok "a still scene: $one bytes for 1 frame, $few for 16, $more for 24: another costs under 5 %" \
        perl -e 'exit !($ARGV[2] > $ARGV[1] && ($ARGV[2] - $ARGV[1]) / 8 < 0.05 * $ARGV[0])' \
        "$one" "$few" "$more"
    mkdir -p raw/all && ln -s "$SHARED"/data/raw-video/*.y4m raw/all
    load y4m raw --no-sandbox -o raw.clips 2>/dev/null && clips raw.clips
else
    skip 'no raw video'
fi
if [ -d "$SHARED/data/action-clips" ] && load video "$SHARED/data/action-clips/hmdb51" --size 120x160 --frames 12 -o action.all; then
    pick --random 6 action.all -o action.clips && clips action.clips
else
    skip 'no action clips, or no libavformat'
fi
done_testing
