#!/bin/bash
# Least privilege, seen from the command line: a program opens what it was told of and nothing else.
. "${0%/*}/tap.sh"

mkdir folder folder/a elsewhere
printf '\0\0\10\1\0\0\0\2\1\2' >elsewhere/labels
printf '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\7\7' >elsewhere/images
run 'load idx elsewhere/images elsewhere/labels -o two && save png pictures two'
status 0
for program in $(cd "$BIN" && ls); do
    case $program in
    winnow | verify) run "$program --no-sandbox" && status 2 "$program runs programs: no sandbox" ;;
    *) run "$program --help" && stdout like '*--no-sandbox*' ;;
    esac
done

run 'OMP_PROC_BIND=true compress --png --threads 2 two | peek >/dev/null'
status 0 'threads on certain cores'

# ---- data sets behind links ----

picture=$PWD/$(find pictures -name '*.png' | head -n 1)
cp "$picture" folder/a/plain.png
ln -s "$picture" folder/a/linked.png
mkdir classes
cp -r folder/a classes/b
ln -s "$PWD/classes/b" folder/b
run 'load folder folder | peek --json | tr -d " \n"'
stdout like '*"rows":4,*' # a link to a picture, one to a class, and one within that
mkdir mnist
for f in images-idx3 labels-idx1; do
    ln -s "$PWD/elsewhere/${f%-*}" elsewhere/$f
    ln -s ../elsewhere/$f mnist/t10k-$f-ubyte
done
run 'load mnist mnist test | peek >/dev/null'
status 0 'links to links'
ln -s . mnist/itself
ln -s /nowhere mnist/broken
run 'load mnist mnist test | peek >/dev/null'
status 0 'a link to its own folder, and one to nothing'
rm elsewhere/*-idx?

# ---- what is named in whatever way ----
ln -s elsewhere there
run 'load idx there/images there/labels | peek >/dev/null'
status 0 'through a link that is named'
run 'load idx <(cat elsewhere/images) | peek >/dev/null'
status 0 'a pipe by the name of a descriptor'
run 'load idx elsewhere/images -o /dev/stdout | peek >/dev/null'
status 0 'standard output by the name of a device'
ln -s elsewhere/out link
echo old >elsewhere/out
run 'load idx elsewhere/images -o link && peek elsewhere/out >/dev/null && test -L link'
status 0 'an output through a link'
run 'save png new/folders/for/it two && test -s new/folders/for/it/*0.png'
status 0 'an output in folders that are made for it'
run 'load idx elsewhere/images -o elsewhere/new && ls elsewhere | tr "\n" " "'
stdout exactly 'images labels new out '
done_testing
