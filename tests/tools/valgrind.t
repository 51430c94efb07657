#!/bin/bash
# For CHECK_LONG=1: unit tests and parsers under valgrind, which sees reads of memory that was never
# set, as no sanitizer of gcc does. It knows no AVX-512, so that the engine runs what the machine
# before had. Memory is valgrind's also where a test brings an allocator that can fail, which then
# does not.
. "${0%/*}/tap.sh"
case ${CHECK_LONG:-0} in '' | 0) skip_all 'long: CHECK_LONG=1' ;; esac
command -v valgrind >/dev/null || skip_all 'no valgrind here'
BUILD=${BUILD:-$ROOT/build}
grep -q __asan_init "$BUILD/unit/base" && skip_all 'the address sanitizer watches already'

for test in $(cd "$ROOT/tests" && printf '%s\n' unit/*.c fuzz/targets/*.c | sed 's/targets.//; s/\.c$//'); do
    case $test in
    unit/sandbox) skip 'valgrind runs programs in a way of its own'; continue ;;
    unit/faults) skip 'valgrind allocates in place of the faults'; continue ;;
    esac
    # the short form of each, as valgrind makes it hundreds of times as long
    run "cd '$ROOT' && env -u CHECK_LONG BRIEF=1 valgrind -q --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite --soname-synonyms=somalloc=NONE \
        --child-silent-after-fork=yes '$BUILD/$test'"
    status 0 "$test"
done
done_testing
