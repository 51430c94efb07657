#!/bin/bash
# For CHECK_LONG=1: what computes little under valgrind, which sees reads of memory that was never
# set, as no sanitizer of gcc does. The engine is left out: hours, and instructions it does not know.
. "${0%/*}/tap.sh"
case ${CHECK_LONG:-0} in '' | 0) skip_all 'long: CHECK_LONG=1' ;; esac
command -v valgrind >/dev/null || skip_all 'no valgrind here'
BUILD=${BUILD:-$ROOT/build}
grep -q __asan_init "$BUILD/unit/base" && skip_all 'the address sanitizer watches already'

for test in unit/{base,value,stream,export,genotype,architecture,picture,pick,classification} \
    $(cd "$ROOT/tests/fuzz/targets" && printf 'fuzz/%s\n' *.c | sed 's/\.c$//'); do
    run "cd '$ROOT' && valgrind -q --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite --child-silent-after-fork=yes '$BUILD/$test'"
    status 0 "$test"
done
done_testing
