#!/bin/bash
# mosaic: layout, pairs, what goes wrong. Sheets are read back by load folder.
. "${0%/*}/tap.sh"

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 3 0 0 0 5 0 0 0 1 0 0 0 1 1 2 3 4 5; } >images
{ bytes 0 0 8 1 0 0 0 5 1 0 1 0 1; } >labels
load idx images labels >s
{ bytes 0 0 8 3 0 0 0 5 0 0 0 1 0 0 0 1 b c d e f; } >others
load idx others >o
mkdir -p set/c
sheet() { # options wanted
    run "mosaic --scale 1 --gap 0 --background 9 $1 -o set/c/x.png"
    status 0
    run 'load folder set | save json | sed "s/.*image.:\[//; s/\],.file.*//; s/\],\[\[/ \/ [[/g; s/[][]//g"'
    stdout exactly "$2"
}
sheet '--columns 3 s' '1,2,3 / 4,5,9'
sheet '--columns 3 --most 2 s' '1,2'
sheet '--by-class s' '2,4,9 / 1,3,5'
sheet '--by-class --columns 2 s' '2,4 / 1,3'
sheet '--columns 3 --pairs o s' '1,2,3 / 11,12,13 / 4,5,9 / 14,15,9'
sheet '--columns 2 --most 2 --pairs - s <o' '1,2 / 11,12'
run 'mosaic s >set/c/x.png && load folder set | save json | grep -c file'
stdout exactly 1
run 'mosaic --gap 1 --scale 2 --columns 1 --most 1 --background 0 -o set/c/x.png s'
run 'load folder set | save json | sed "s/.*image.:\[//; s/\],.file.*//; s/\],\[\[/ \/ [[/g; s/[][]//g"'
stdout exactly '0,0,0,0 / 0,1,1,0 / 0,1,1,0 / 0,0,0,0'


# A map: the first axis to the right, the second up; the later of two is seen; no place, no image.
places() { # '[[x, y], ...]' of ids 0, 1, ...
    /usr/bin/python3 -c "import os, numpy as np; os.makedirs('arrays', exist_ok=True)
z = np.array($1, np.float32)
np.save('arrays/z.npy', z); np.save('arrays/id.npy', np.arange(len(z)))
np.save('arrays/label.npy', np.zeros(len(z), np.int32))" && load npy arrays >map
}
places '[[0, 0], [2, 0], [0, 2], [0, 2]]'
run 'mosaic --map map --side 3 --background 9 -o set/c/x.png s'
status 0
run 'load folder set | save json | sed "s/.*image.:\[//; s/\],.file.*//; s/\],\[\[/ \/ [[/g; s/[][]//g"'
stdout exactly '4,9,9 / 9,9,9 / 1,9,2'
run 'mosaic --map map --side 1 --scale 2 s -o out.png'
status 1
stderr like 'mosaic: *images of 2 x 2 pixels are larger than a map of 1'
run 'pick --first 0 map | mosaic --map - -o out.png s'
status 1
stderr like 'mosaic: standard input: no place for any of the images'
places '[[0, 0], [float("nan"), 0]]'
run 'mosaic --map map -o out.png s'
status 1
stderr like 'mosaic: map: row 2: z: expected two numbers*'
run 'mosaic --map s -o out.png s'
status 1
stderr like 'mosaic: s: *latents*'
for wrong in '--map map --columns 3' '--map map --by-class' '--side 30'; do
    run "mosaic $wrong s"
    status 2
done

run 'mosaic --pairs <(pick --first 3 o) s -o out.png'
status 1
stderr like 'mosaic: *: no image of id 3, which the first stream shows'
ok 'no sheet then' test ! -e out.png
run 'pick --first 0 s | mosaic -o out.png'
status 1
stderr like 'mosaic: *: no images to show'
run 'head -c -3 s | mosaic -o out.png'
status 1
run 'mosaic --pairs - <s'
status 2
run 'mosaic --columns 0 s'
status 2
run 'mosaic s >/dev/full'
status 1
done_testing
