#!/usr/bin/perl
# The promise harness: every promise of the family is tried on every call of tests/promises/calls.
# The promises are the subs of the table below; whatever happens to a program, one of two things
# must come of it: what an undisturbed run gives, byte for byte, or a refusal: exit status 1, a line
# on stderr, and no file but those that were there or are whole.
#
#   CHECK_LONG=1     every bit, byte and call, not a sample by a fixed seed: a million tries
#   TIMES=N          a sample N times as large
#   PROMISES='flip kill'  CALLS=REGEX     a part of it
#   TSV=FILE         promise, program, tries
#
# The programs are found in $BIN, fault.so and seal beside this test's others in $PROMISES_BUILD.
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use File::Path 'remove_tree';
use File::Temp 'tempdir';
use IPC::Open2;
use List::Util qw(max min sum0 uniq);
use POSIX ();
use Time::HiRes 'time';

my $HOME = dirname(abs_path($0));
my $BIN = abs_path($ENV{BIN} // "$HOME/../../bin");
my $BUILT = abs_path($ENV{PROMISES_BUILD} // "$HOME/../../build/promises");
my $SANITIZED = system("grep -q __asan_init $BIN/peek") == 0;
my $LONG = $ENV{CHECK_LONG};
my $TIMES = $ENV{TIMES} // 1;
my $SECONDS = $SANITIZED ? 60 : 20;        # a try that takes longer has hung
my $KILOBYTES = 1 << 20;                   # of address space
my $SMALL = 4096;                          # bytes of an input whose every bit is flipped
my $LOG = 99;                              # the descriptor by which fault.so tells what it did
my $OLD = "what was there before\n";
my $TEMPORARY = qr{\.tmp$|^winnow-scratch-};

# In a namespace of mounts of its own, where that is permitted; under a limit of memory.
if (!$ENV{PROMISES_BEGUN}) {
    my @unshare = grep { system("unshare $_ mount -t tmpfs none /mnt 2>/dev/null") == 0 } '-m', '-rm';
    $ENV{PROMISES_BEGUN} = @unshare ? 'mounts' : 'none';
    my $limit = $SANITIZED ? '' : "ulimit -v $KILOBYTES;";
    my @inside = @unshare ? ('unshare', $unshare[0]) : ();
    exec @inside, 'sh', '-c', "ulimit -c 0; $limit exec \"\$@\"", 'sh', $^X, abs_path($0);
}
my $CORES = max(1, `nproc` + 0);           # before OMP_NUM_THREADS, which nproc obeys
delete @ENV{qw(LD_PRELOAD FAULT MAKEFLAGS MFLAGS TERM)};
@ENV{qw(PATH LC_ALL OMP_WAIT_POLICY OMP_NUM_THREADS FAULT_SHIM)} =
    ("$BIN:$ENV{PATH}", 'C', 'passive', 1, $SANITIZED ? '' : "$BUILT/fault.so");
$SIG{PIPE} = 'DEFAULT';

# ---- files ----

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or return '';
    local $/;
    return <$f> // '';
}

sub spew {
    my ($path, $bytes) = @_;
    system 'mkdir', '-p', dirname($path) if !-d dirname($path);
    open my $f, '>:raw', $path or die "$path: $!";
    print $f $bytes;
    close $f or die "$path: $!";
}

# All files below a folder, path => bytes; folders are "path/" => ''.
sub tree {
    my ($folder, $below) = (@_, '');
    my %found;
    opendir my $d, "$folder/$below" or return;
    for my $name (grep { !/^\.\.?$/ } readdir $d) {
        my $path = $below . $name;
        %found = (%found, -d "$folder/$path" ? ("$path/" => '', tree($folder, "$path/"))
                                             : ($path => slurp("$folder/$path")));
    }
    return %found;
}

# Makes a folder hold these files; of what it held when we last looked, only the rest is touched.
my %held;
sub lay {
    my ($folder, %wanted) = @_;
    my $held = $held{$folder} // {};
    for my $path (reverse sort keys %$held) {
        next if exists $wanted{$path};
        $path =~ m{/$} ? rmdir "$folder/$path" : unlink "$folder/$path";
    }
    for my $path (sort keys %wanted) {
        next if exists $held->{$path} && $held->{$path} eq $wanted{$path};
        $path =~ m{/$} ? system('mkdir', '-p', "$folder/$path") : spew("$folder/$path", $wanted{$path});
    }
    $held{$folder} = \%wanted;
}

# ---- fixtures and calls ----

my $ROOT = tempdir('winnow-promises.XXXXXX', DIR => -w '/dev/shm' ? '/dev/shm' : $ENV{TMPDIR} // '/tmp',
                   CLEANUP => 0);
my $MAIN = $$;
END { remove_tree($ROOT) if defined $MAIN && $$ == $MAIN && defined $ROOT }
$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);
mkdir "$ROOT/fixtures";
if (system("cd $ROOT/fixtures && $HOME/fixtures >$ROOT/log 2>&1")) {
    print "Bail out! fixtures: ", slurp("$ROOT/log");
    exit 1;
}
my %fixture = tree("$ROOT/fixtures");
$_ =~ /\.bad-/ and $fixture{$_} = undef for keys %fixture; # large: read when they are needed

sub read_call {
    my ($line) = @_;
    my ($gives, $text) = $line =~ /^(\S+)\s+(.*?)\s*$/;
    my $optional = $gives =~ s/\?$//;
    my %c = (gives => $gives, optional => $optional, text => $text, files => {}, stdin => '/dev/null');
    for (split ' ', $text) {
        my ($from, $mark, $name) = /^(<?)([@~=+%!]?)(.*)$/;
        push @{$c{$mark}}, $name if $mark;
        $c{target} = $name if $mark eq '=' && $c{argv}[-1] eq '-o';
        $c{files}{$_} = $fixture{$_}
            for $mark =~ /[@~+!]/ ? grep { m{^\Q$name\E(/|$)} && !/\.bad-/ } keys %fixture : ();
        next if $mark eq '!';
        $from ? $c{stdin} = $name : push @{$c{argv}}, $name;
    }
    $c{files}{$c{target}} = $OLD if $c{target};
    $c{program} = $c{argv}[0];
    $c{streams} = [uniq map { @{$c{$_} // []} } '@', '+'];
    $c{others} = [map { my $n = $_; grep { !m{/$} && m{^\Q$n\E(/|$)} } sort keys %{$c{files}} } @{$c{'~'} // []}];
    return \%c;
}
my @calls = map { read_call($_) } grep { !/^(#|\s*$)/ } split /\n/, slurp("$HOME/calls");

# ---- a try ----

my $here;    # this process's folder, and the beginning of its other files' names

# The wait status of a program that was begun once and then stopped before its main: each time a copy
# of that process goes on (serve.c).
my %serving;
sub serve {
    my ($argv, $at, $fault, @files) = @_;
    my $s = $serving{join ' ', $at, @$argv, @files} //= do {
        my ($request, $ask, $answer, $reply);
        pipe $request, $ask and pipe $answer, $reply or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            chdir $at or POSIX::_exit(126);
            open my $log, '>>', "$here/log" or POSIX::_exit(126);
            POSIX::dup2(fileno $_->[0], $_->[1]) for [$log, $LOG], [$request, 97], [$reply, 98];
            @ENV{qw(LD_PRELOAD FAULT_LOG FAULT_SERVE TMPDIR)} =
                ($ENV{FAULT_SHIM}, $LOG, "@files $SECONDS", $at);
            exec { "$BIN/$argv->[0]" } @$argv or POSIX::_exit(127);
        }
        $ask->autoflush;
        {ask => $ask, answer => $answer};
    };
    print {$s->{ask}} "$fault\n";
    return readline($s->{answer}) // die "$argv->[0] serves no more\n";
}

# Runs the call. Options: bytes => {file => instead}, stdout => path or 'closed' or 'early' (a reader
# that has gone), stdin => path, env => {}, argv => instead, at => folder, kept => what the folder
# holds stays, ignored => the parent ignores SIGPIPE, fault => what FAULT is, signal => [number,
# seconds until it comes].
sub try_call {
    my ($call, %o) = @_;
    my $at = $o{at} // "$here/files";
    mkdir $at;
    lay($at, %{$call->{files}}, %{$o{bytes} // {}}) if !$o{kept};
    my ($out, $err) = ($o{stdout} // "$here/stdout", "$here/stderr");
    my $began = time;
    if ($SANITIZED || grep { exists $o{$_} } qw(stdout stdin env argv at ignored signal)) {
        $? = run_anew($call, $at, $out, $err, %o);
    } else {
        $? = serve($call->{argv}, $at, $o{fault} // '', $call->{stdin}, $out, $err);
    }
    my %t = (status => $? >> 8, signal => $? & 127, seconds => time - $began, call => $call,
             stderr => slurp($err), stdout => -f $out ? slurp($out) : '',
             before => {%{$held{$at}}});
    $held{$at} = {tree($at)};
    $t{files} = {%{$held{$at}}};
    return \%t;
}

# The same, with all that serve cannot do.
sub run_anew {
    my ($call, $at, $out, $err, %o) = @_;
    my ($reader, $writer);
    pipe $reader, $writer or die $! if $out eq 'early';
    close $reader if $reader;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        chdir $at or POSIX::_exit(126);
        $ENV{TMPDIR} = $at;
        $ENV{$_} = $o{env}{$_} for keys %{$o{env} // {}};
        open STDIN, '<', $o{stdin} // $call->{stdin} or POSIX::_exit(126);
        open STDERR, '>', $err or POSIX::_exit(126);
        if ($out eq 'closed') {
            POSIX::close(1);
        } elsif ($out eq 'early') {
            POSIX::dup2(fileno $writer, 1);
        } else {
            open STDOUT, '>', $out or POSIX::_exit(126);
        }
        $SIG{PIPE} = 'IGNORE' if $o{ignored};
        alarm $SECONDS;
        my @argv = @{$o{argv} // $call->{argv}};
        exec { "$BIN/$argv[0]" } @argv or POSIX::_exit(127);
    }
    close $writer if $writer;
    if ($o{signal}) {
        select undef, undef, undef, $o{signal}[1];
        kill $o{signal}[0], $pid;
    }
    waitpid $pid, 0;
    return $?;
}

# The same with fault.so in between: `hit` faults were injected, `count` such calls were made.
sub try_fault {
    my ($call, $fault, %o) = @_;
    spew("$here/log", '');
    my $t = try_call($call, %o, fault => $fault);
    my @log = split /\n/, slurp("$here/log");
    $t->{hit} = grep { $_ eq 'hit' } @log;
    $t->{count} = max(0, grep { $_ ne 'hit' } @log);
    return $t;
}

# How many such calls there are; every program allocates memory and touches files.
sub count_calls {
    my ($call, $what) = @_;
    my $count = try_fault($call, "$what 1000000000 error 5")->{count};
    die "fault.so counts no $what\n" if !$count && $what =~ /^(alloc|file)$/;
    return $count;
}

# ---- what may come of it: '' or what is wrong ----

sub is_stream { return $_[0] =~ /^.\xadtensor-stream/s }

# Whether peek takes the bytes for a whole stream.
sub is_whole {
    my ($bytes) = @_;
    spew("$here/peeked", $bytes);
    return serve(['peek', '-q', "$here/peeked"], $here, '', ('/dev/null') x 3) == 0 if !$SANITIZED;
    return system("peek -q $here/peeked >/dev/null 2>&1") == 0;
}

sub is_undisturbed {
    my ($t, $plain) = (@_, sub { $_[0] });
    my $wanted = $t->{call}{reference};
    return "died by signal $t->{signal}" if $t->{signal};
    return "status $t->{status}: $t->{stderr}" if $t->{status};
    return 'other bytes on standard output'
        if $plain->($t->{stdout}) ne $plain->($wanted->{stdout});
    for (uniq sort keys %{$t->{files}}, keys %{$wanted->{files}}) {
        return "$_: there, expected no such file" if !exists $wanted->{files}{$_};
        return "$_: not there" if !exists $t->{files}{$_};
        return "$_: other bytes" if $plain->($t->{files}{$_}) ne $plain->($wanted->{files}{$_});
    }
    return '';
}

# What a program that did not come to its end leaves: inputs as they were, of its outputs the old or
# the new one, of the states in between whole ones; no temporaries, unless it was killed.
sub is_clean {
    my ($t, %o) = @_;
    my ($call, $new) = ($t->{call}, $t->{call}{reference}{files});
    my %goes_on = map { $_ => 1 } @{$call->{'+'} // []}, @{$call->{'='} // []};
    my ($by_row) = map { qr{^\Q$_\E/} } @{$call->{'%'} // ['none']};
    for my $path (sort keys %{$t->{files}}) {
        my $bytes = $t->{files}{$path};
        if ($path =~ $TEMPORARY) {
            return "$path is left" if !$o{killed};
        } elsif (exists $t->{before}{$path} && $t->{before}{$path} eq $bytes
                 || exists $new->{$path} && $new->{$path} eq $bytes || $path =~ $by_row || $path =~ m{/$}) {
        } elsif (!$goes_on{$path} || $path eq ($call->{target} // '')) {
            return "$path: neither the old nor the new bytes";
        } elsif (!is_whole($bytes)) {
            return "$path is not whole";
        }
    }
    for (keys %{$t->{before}}) {
        return "$_ is gone" if !exists $t->{files}{$_};
    }
    return 'a whole stream of other bytes on standard output'
        if is_stream($t->{stdout}) && $t->{stdout} ne $call->{reference}{stdout} && is_whole($t->{stdout});
    return '';
}

# Control characters, the terminal's commands among them, and what is no UTF-8.
sub is_unprintable {
    my ($text) = @_;
    return !utf8::decode($text) || $text =~ /[\x00-\x1f\x7f-\x9f]/;
}

sub is_refused {
    my ($t, %o) = @_;
    return "died by signal $t->{signal}: $t->{stderr}" if $t->{signal};
    return "status $t->{status}, expected 1: $t->{stderr}" if $t->{status} != ($o{status} // 1);
    my $program = $t->{call}{program};
    my $more = $o{lines} || $program =~ /^(winnow|verify)$/; # as the programs that they run say why
    # libx264 tells by itself that it has no memory, whatever it is told to log.
    my @lines = grep { length && !/^x264 \[error\]: / && !(($more || $t->{status} == 2) && /^try '/) } split /\n/, $t->{stderr};
    return 'no message' if !@lines;
    return "an odd message: $t->{stderr}" if grep { !/^[a-z0-9-]+: ./ || is_unprintable($_) } @lines;
    return "more than one line: $t->{stderr}" if @lines > 1 && !$more;
    return is_clean($t);
}

# A fault that may have been harmless.
sub is_either {
    my ($t) = @_;
    return $t->{status} || $t->{signal} ? is_refused($t) : is_undisturbed($t);
}

# Strange input that may also be taken, for what it says.
sub is_sound {
    my ($t) = @_;
    return is_refused($t, lines => 1) if $t->{status} || $t->{signal};
    return 'a temporary is left' if grep { /$TEMPORARY/ } keys %{$t->{files}};
    for (@{$t->{call}{'@'} // []}, @{$t->{call}{others}}) {
        return "$_ was changed" if $t->{files}{$_} ne $t->{before}{$_};
    }
    return 'a broken stream on standard output' if is_stream($t->{stdout}) && !is_whole($t->{stdout});
    return '';
}

# ---- counting ----

my ($tries, @wrong);

sub tally {
    my ($what, $complaint) = @_;
    $tries++;
    push @wrong, "$what: $complaint" if $complaint;
}

# The call once more, undisturbed, over what is left.
sub tally_again {
    my ($call, $what) = @_;
    my %left = %{$held{"$here/files"}};
    delete @left{grep { /$TEMPORARY/ } keys %left};
    lay("$here/files", %left);
    tally("$what, and the same call again", is_undisturbed(try_call($call, kept => 1)));
}

# Up to so many of 0 .. count - 1: usually, or in the long run; else a sample of them. Programs with
# a sanitizer start slowly.
sub some {
    my ($count, $few, $many) = @_;
    my $most = $LONG ? $many : min($many, $SANITIZED ? POSIX::ceil($few / 4) : $few * $TIMES);
    $most = max($most, 2);
    return 0 .. $count - 1 if $count <= $most;
    my %chosen = map { $_ => 1 } 0, $count - 1;
    $chosen{int rand $count} = 1 while keys %chosen < $most;
    return sort { $a <=> $b } keys %chosen;
}

# ---- altered inputs ----

my ($sealing, $sealed);
sub seal {
    my ($bytes) = @_;
    open2($sealed, $sealing, "$BUILT/seal") if !$sealing;
    print $sealing pack('L', length $bytes), $bytes;
    $sealing->flush;
    read $sealed, my $result, length $bytes;
    return $result;
}

sub flipped {
    my ($bytes, $bit) = @_;
    vec($bytes, $bit, 1) ^= 1;
    return $bytes;
}

# Where the MessagePack objects of a stream begin that hold a number or a length: [at, bytes of it,
# what it is].
sub numbers_in {
    my ($bytes) = @_;
    my ($at, @found) = (0);
    my %fixed = (0xca => 4, 0xcb => 8, 0xcc => 1, 0xcd => 2, 0xce => 4, 0xcf => 8, 0xd0 => 1,
                 0xd1 => 2, 0xd2 => 4, 0xd3 => 8);
    my %sized = (0xc4 => [1, 'bin'], 0xc5 => [2, 'bin'], 0xc6 => [4, 'bin'], 0xc7 => [1, 'ext'],
                 0xc8 => [2, 'ext'], 0xc9 => [4, 'ext'], 0xd9 => [1, 'str'], 0xda => [2, 'str'],
                 0xdb => [4, 'str'], 0xdc => [2, 'array'], 0xdd => [4, 'array'], 0xde => [2, 'map'],
                 0xdf => [4, 'map']);
    while ($at < length $bytes) {
        my $type = ord substr $bytes, $at, 1;
        my ($head, $kind, $payload) = (1, 'int', 0);
        if ($type >= 0x80 && $type < 0x90) { $kind = 'map' }
        elsif ($type >= 0x90 && $type < 0xa0) { $kind = 'array' }
        elsif ($type >= 0xa0 && $type < 0xc0) { ($kind, $payload) = ('str', $type & 31) }
        elsif (exists $fixed{$type}) { $head += $fixed{$type} }
        elsif (my $s = $sized{$type}) {
            my $length = substr $bytes, $at + 1, $s->[0];
            ($head, $kind) = (1 + $s->[0], $s->[1]);
            $payload = unpack 'N', substr "\0\0\0$length", -4;
            $payload = 0 if $kind eq 'array' || $kind eq 'map';
            $payload++ if $kind eq 'ext';
        } elsif ($type >= 0xc0 && $type < 0xc4) { $kind = 'other' }
        push @found, [$at, $head, $kind];
        if ($kind eq 'ext' && $payload > 5) {
            my $rank = ord substr $bytes, $at + $head + 2, 1;
            push @found, [$at + $head + 5 + 4 * $_, 4, 'extent'] for 0 .. $rank - 1;
        }
        $at += $head + $payload;
    }
    return @found;
}

# Which bits of that many bytes to flip: in the long run every one of a small input.
sub bits_of {
    my ($length) = @_;
    return some(8 * $length, 16, $length <= $SMALL ? 8 * $SMALL : $SMALL);
}

my %instead = (
    int => ["\xcf" . "\xff" x 8, "\xcf\x7f" . "\xff" x 7, "\xd3\x80" . "\0" x 7, "\xce\x7f\xff\xff\xff",
            "\xce\x80\0\0\0", "\xcd\xff\xff", "\0", "\xff", "\xcb\x7f\xf0" . "\0" x 6,
            "\xcb\x7f\xf8" . "\0" x 6],
    map => ["\xdf\xff\xff\xff\xff", "\x80"],
    array => ["\xdd\xff\xff\xff\xff", "\xdd\0\x10\0\0", "\x90"],
    str => ["\xdb\xff\xff\xff\xff", "\xdb\x7f\xff\xff\xff"],
    bin => ["\xc6\xff\xff\xff\xff"],
    ext => ["\xc9\xff\xff\xff\xff", "\xc9\x40\0\0\0"],
    extent => ["\xff\xff\xff\xff", "\0\0\0\x80", "\0\0\0\0", "\0\0\1\0"],
    other => ["\xc1", "\xdf\xff\xff\xff\xff"],
);

# ---- the promises ----

# Truncated input is an error.
sub promise_cut {
    my ($call) = @_;
    for my $file (@{$call->{streams}}) {
        my $bytes = $call->{files}{$file};
        for my $n (some(length $bytes, 12, $SMALL)) {
            tally("$file cut after $n bytes", is_refused(try_call($call, bytes => {$file => substr $bytes, 0, $n})));
        }
    }
}

# Corruption is an error.
sub promise_flip {
    my ($call) = @_;
    for my $file (@{$call->{streams}}) {
        my $bytes = $call->{files}{$file};
        for my $bit (bits_of(length $bytes)) {
            tally("$file with bit $bit flipped", is_refused(try_call($call, bytes => {$file => flipped($bytes, $bit)})));
        }
    }
}

# Streams concatenate: two parts of a stream, wherever it is parted, give what it gives, or are
# refused by a state that knows its samples by their digest. Of streams without ids, which are of one
# thing, two make sense or are refused; verify tells parts with other histories apart.
sub promise_cat {
    my ($call) = @_;
    my $plain = sub { $_[0] =~ s/[0-9a-f]{16}/-/gr }; # digests tell how many parts there were
    for my $file (@{$call->{streams}}) {
        my $fixture = "$ROOT/fixtures/$file";
        my ($rows) = `peek --json $fixture` =~ /"rows": (\d+)/;
        if ($call->{program} eq 'verify' || system "pick --not-ids $fixture $fixture >/dev/null 2>&1") {
            tally("$file twice", is_sound(try_call($call, bytes => {$file => slurp($fixture) x 2})));
            next;
        }
        for my $n (some($rows + 1, 2, 100)) {
            system "pick --no-history --first $n -o $here/first $fixture";
            my $rest = `pick --no-history --not-ids $here/first $fixture`;
            my $t = try_call($call, bytes => {$file => slurp("$here/first") . $rest});
            $t->{files}{$file} = $call->{files}{$file};
            tally("$file in parts of $n and more rows",
                  $t->{status} && $call->{'+'} ? is_refused($t) : is_undisturbed($t, $plain));
        }
    }
}

# No write error is lost: full devices, closed ones, missing folders, file systems without room.
sub promise_full {
    my ($call) = @_;
    my ($target, $reference) = ($call->{target}, $call->{reference});
    if (length $reference->{stdout}) {
        tally('on /dev/full', is_refused(try_call($call, stdout => '/dev/full')));
        tally('on a closed standard output', is_refused(try_call($call, stdout => 'closed')));
    }
    for my $to ($target ? ('/dev/full', 'none/out') : ()) {
        my @argv = map { $_ eq $target ? $to : $_ } @{$call->{argv}};
        tally("-o $to", is_refused(try_call($call, argv => \@argv)));
    }
    return if $ENV{PROMISES_BEGUN} ne 'mounts';
    my $pages = sub { sum0 map { POSIX::ceil(length($_) / 4096) } @_ };
    my $used = $pages->(values %{$call->{files}});
    my $needed = 1 + 2 * $pages->($reference->{stdout}, values %{$reference->{files}});
    my $at = "$here/small";
    mkdir $at;
    for my $free (some($needed, 3, 12)) {
        my $size = 4 * ($used + $free) || 4;
        system("mount -t tmpfs -o size=${size}k none $at") == 0 or die;
        delete $held{$at};
        lay($at, %{$call->{files}}, $used + $free ? () : (filler => 'x' x 4096));
        my $t = try_call($call, at => $at, kept => 1, stdout => "$at/stdout");
        delete $_->{stdout} for $t->{files}, $held{$at};
        tally("$free free pages", is_either($t));
        tally("$free free pages, and then", 'a success without a page')
            if !$free && !$t->{status} && (length $t->{stdout} || $target);
        system 'umount', $at;
    }
}

# The same of every system call that fails.
sub promise_fail {
    my ($call) = @_;
    my %must = map { $_ => 1 } qw(write sync close rename);
    for my $what (qw(open read write sync close rename)) {
        for my $n (some(count_calls($call, $what), 4, 200)) {
            my $fault = sprintf '%s %d error %d', $what, $n + 1, $what eq 'write' ? POSIX::ENOSPC : POSIX::EIO;
            my $t = try_fault($call, $fault);
            tally($fault, $t->{hit} && $must{$what} ? is_refused($t) : is_either($t));
            tally_again($call, $fault);
        }
    }
}

# Reads and writes that are interrupted, or do but a part. zlib, which reads other formats, gives up
# when it is interrupted.
sub promise_part {
    my ($call) = @_;
    for my $what (qw(read write)) {
        for my $n ('each', some(count_calls($call, $what), 2, 100)) {
            my $fault = sprintf '%s %d interrupt 0', $what, $n eq 'each' ? 0 : $n + 1;
            my $t = try_fault($call, $fault);
            tally($fault, $call->{program} eq 'load' && $what eq 'read' ? is_either($t) : is_undisturbed($t));
        }
    }
}

# A reader that has gone ends a program quietly.
sub promise_pipe {
    my ($call) = @_;
    return if !length $call->{reference}{stdout};
    for my $ignored (0, 1) {
        my $t = try_call($call, stdout => 'early', ignored => $ignored);
        tally($ignored ? 'SIGPIPE, ignored by the parent' : 'SIGPIPE',
              $t->{signal} != POSIX::SIGPIPE ? "signal $t->{signal}, status $t->{status}: $t->{stderr}"
              : length $t->{stderr} ? "a message: $t->{stderr}" : is_clean($t));
    }
}

# Tries of a call that a signal ends: before each system call on files, and at random moments.
sub tries_with_signal {
    my ($call, $number, $few, $many) = @_;
    my @tries;
    for my $n ($SANITIZED ? () : some(count_calls($call, 'file'), $few, $many)) {
        my $fault = sprintf 'file %d signal %d', $n + 1, $number;
        push @tries, [$fault, sub { try_fault($call, $fault) }];
    }
    for (some(1000, 1, 20)) {
        my $seconds = rand 1.2 * $call->{reference}{seconds};
        push @tries, [sprintf('signal %d after %.4f s', $number, $seconds),
                      sub { try_call($call, signal => [$number, $seconds]) }];
    }
    return @tries;
}

# A signal ends a program by that signal, with nothing left over, and nothing lost.
sub promise_signal {
    my ($call) = @_;
    for my $number (POSIX::SIGINT, POSIX::SIGTERM, POSIX::SIGHUP, POSIX::SIGPIPE) {
        for (tries_with_signal($call, $number, 2, 100)) {
            my ($what, $try) = @$_;
            my $t = $try->();
            tally($what, $t->{signal} != $number ? is_undisturbed($t)
                  : length $t->{stderr} ? "a message: $t->{stderr}" : is_clean($t));
            tally_again($call, $what);
        }
    }
}

# Files appear whole or not at all.
sub promise_kill {
    my ($call) = @_;
    for (tries_with_signal($call, POSIX::SIGKILL, 8, 200)) {
        my ($what, $try) = @$_;
        my $t = $try->();
        tally($what, $t->{signal} == POSIX::SIGKILL ? is_clean($t, killed => 1) : is_undisturbed($t));
        tally_again($call, $what);
    }
}

# Memory is bounded: each number and length of a stream becomes huge, zero or negative.
sub promise_bomb {
    my ($call) = @_;
    for my $file (@{$call->{streams}}) {
        my $bytes = $call->{files}{$file};
        my @bombs = map { my $found = $_; map { [@$found[0, 1], $_] } @{$instead{$found->[2]}} } numbers_in($bytes);
        for my $i (some(scalar @bombs, 12, 4000)) {
            my ($at, $length, $huge) = @{$bombs[$i]};
            next if substr($bytes, $at, $length) eq $huge;
            my $bomb = $bytes;
            substr($bomb, $at, $length) = $huge;
            my $what = sprintf '%s with %s at %d', $file, unpack('H*', $huge), $at;
            tally($what, is_refused(try_call($call, bytes => {$file => $bomb})));
            tally("$what, sealed", is_sound(try_call($call, bytes => {$file => seal($bomb)})));
        }
    }
}

# Hostile data: other formats cut and flipped, and streams flipped whose digest is right, within
# limits of time and memory.
sub promise_hostile {
    my ($call) = @_;
    for my $file (@{$call->{others}}) {
        my $bytes = $call->{files}{$file};
        tally($_, is_sound(try_call($call, bytes => {$file => slurp("$ROOT/fixtures/$_")})))
            for grep { /^\Q$file\E\.bad-/ } sort keys %fixture;
        tally("$file cut after $_ bytes", is_sound(try_call($call, bytes => {$file => substr $bytes, 0, $_})))
            for some(length $bytes, 8, $SMALL);
        tally("$file with bit $_ flipped", is_sound(try_call($call, bytes => {$file => flipped($bytes, $_)})))
            for bits_of(length $bytes);
    }
    for my $file (@{$call->{streams}}) {
        my $bytes = $call->{files}{$file};
        tally("$file with bit $_ flipped, sealed",
              is_sound(try_call($call, bytes => {$file => seal(flipped($bytes, $_))})))
            for bits_of(length($bytes) - 29); # what precedes the trailer
    }
}

# Out of memory is an error, at whichever allocation, once or for good.
sub promise_memory {
    my ($call) = @_;
    for my $n (some(count_calls($call, 'alloc'), 16, 1000)) {
        for my $how (qw(error from)) {
            my $fault = sprintf 'alloc %d %s %d', $n + 1, $how, POSIX::ENOMEM;
            tally($fault, is_either(try_fault($call, $fault)));
        }
    }
}

# The same where --max-memory is what bounds it; where that is enough, nothing is refused.
sub promise_limit {
    my ($call) = @_;
    for my $most (qw(1 1M 4M 1T)) {
        my $t = try_call($call, argv => [@{$call->{argv}}, '--max-memory', $most]);
        my $done = !$t->{status} && !$t->{signal};
        tally("at most $most", $done ? is_sound($t) : $most eq '1T' ? "refused: $t->{stderr}" : is_refused($t));
    }
}

# Binary data are not written to a terminal, nor streams read from one.
sub promise_terminal {
    my ($call) = @_;
    open my $master, '+<', '/dev/ptmx' or return;
    my ($unlocked, $name) = (pack('i', 0), pack('i', 0));
    ioctl $master, 0x40045431, $unlocked or die "TIOCSPTLCK: $!";
    ioctl $master, 0x80045430, $name or die "TIOCGPTN: $!";
    my $terminal = '/dev/pts/' . unpack 'i', $name;
    open my $held, '+<', $terminal or die "$terminal: $!";
    if ($call->{gives} ne 'text' && length $call->{reference}{stdout}) {
        my $t = try_call($call, stdout => $terminal);
        tally('written to a terminal', is_refused($t));
        $master->blocking(0);
        my $found = sysread $master, my $shown, 99;
        tally('nor is anything on it', $found ? "found $shown" : '');
    }
    return if $call->{stdin} eq '/dev/null';
    syswrite $master, "\cD" x 9; # ends of file, for programs that may read text there
    tally('read from a terminal', is_refused(try_call($call, stdin => $terminal)));
}

# The same seed gives the same bytes, whatever the number of threads.
sub promise_same {
    my ($call) = @_;
    for my $threads (map { (1, 2) } some(1000, 2, 10)) {
        tally("$threads threads", is_undisturbed(try_call($call, env => {OMP_NUM_THREADS => $threads})));
    }
}

my @promises = (
    [cut => 'truncated input is an error', \&promise_cut],
    [flip => 'an altered bit is an error', \&promise_flip],
    [cat => 'streams concatenate', \&promise_cat],
    [bomb => 'memory is bounded', \&promise_bomb],
    [hostile => 'hostile data do no harm', \&promise_hostile],
    [full => 'a full disk is an error', \&promise_full],
    [fail => 'a failing system call is an error', \&promise_fail],
    [part => 'interrupted and partial reads and writes', \&promise_part],
    [memory => 'out of memory is an error', \&promise_memory],
    [limit => '--max-memory bounds memory', \&promise_limit],
    [pipe => 'a reader that has gone', \&promise_pipe],
    [signal => 'INT, TERM, HUP leave nothing', \&promise_signal],
    [kill => 'killed, files are whole; again goes on', \&promise_kill],
    [terminal => 'nothing binary to a terminal', \&promise_terminal],
    [same => 'the same bytes, 1 or 2 threads', \&promise_same],
);
my %by_shim = map { $_ => 1 } qw(fail part memory limit); # by the shim, or not under a sanitizer

# ---- the run ----

# Runs one promise of one call in a process of its own; what it found is left in $ROOT/N.found.
sub run_task {
    my ($task) = @_;
    my ($name, undef, $promise) = @{$task->{promise}};
    $here = "$ROOT/$task->{number}";
    mkdir $here;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP); # or a try's signal meets our handler before its exec
    srand unpack '%32C*', $name . $task->{call}{text};
    ($tries, @wrong) = (0);
    my $began = time;
    eval { $promise->($task->{call}); 1 } or push @wrong, "the harness itself: $@";
    spew("$here.found", join "\0", $tries, time - $began, @wrong);
    remove_tree($here);
    POSIX::_exit(0);
}

my ($number, $failed) = (0, 0);
sub ok {
    my ($good, $name) = @_;
    printf "%sok %d - %s\n", $good ? '' : 'not ', ++$number, $name;
    $failed++ if !$good;
    return $good;
}

$| = 1;
my %covered = map { $_->{program} => 1 } @calls;
my %words = map { ("@{$_->{argv}}[0 .. 1]" => 1) } grep { @{$_->{argv}} > 1 } @calls;
for my $program (sort map { basename($_) } grep { -f && -x } glob "$BIN/*") {
    ok($covered{$program}, "$program has a call in tests/promises/calls")
        or print "#   $program is new: give it a line there for each thing that it does\n";
    next if $program eq 'winnow'; # its words are the programs
    for my $word (map { split ' ' } `$program --help=bash` =~ /in $program \| .*? words='(.*?)'/) {
        ok($words{"$program $word"}, "$program $word has a call in tests/promises/calls")
            or print "#   it is new: give it a line there\n";
    }
}
ok(-x "$BIN/$_", "$_ is there") for sort keys %covered;

# What each call gives undisturbed, and that it is what it should be.
$here = "$ROOT/reference";
mkdir $here;
my $chosen = $ENV{CALLS} // '';
for my $call (grep { $_->{text} =~ /$chosen/ } @calls) {
    my $t = try_call($call);
    %serving = ();
    my $main = $call->{target} ? $t->{files}{$call->{target}} : $t->{stdout};
    my ($gives, $first) = ($call->{gives}, $main // '');
    my ($kind) = `peek --json $here/stdout 2>/dev/null` =~ /"kind": "([^"]*)"/ if is_stream($t->{stdout});
    if ($call->{target}) {
        spew("$here/target", $main // '');
        ($kind) = `peek --json $here/target 2>/dev/null` =~ /"kind": "([^"]*)"/;
    }
    my $good = $t->{status} == 0 && $t->{signal} == 0
        && ($gives eq 'files' ? keys %{$t->{files}} > keys %{$call->{files}}
            : $gives eq 'png' ? $first =~ /^\x89PNG/
            : $gives eq 'binary' ? $first =~ /[^\n -~\t]/
            : $gives eq 'text' ? $first =~ /^[\n -~\t]+$/ || keys %{$t->{files}} > keys %{$call->{files}}
            : ($kind // '') eq $gives);
    if (!$good && $call->{optional} && $t->{status} == 1) {
        print "ok ", ++$number, " - $call->{text} # SKIP $t->{stderr}" =~ s/\n//gr, "\n";
        next;
    }
    ok($good, "$call->{text}: $gives") or print "#   status $t->{status}, signal $t->{signal}: $t->{stderr}\n";
    $call->{reference} = $t if $good;
}

my %asked = map { $_ => 1 } split ' ', $ENV{PROMISES} // join ' ', map { $_->[0] } @promises;
my (@tasks, %running);
for my $promise (grep { $asked{$_->[0]} } @promises) {
    push @tasks, {number => scalar @tasks, promise => $promise, call => $_}
        for grep { $_->{reference} && !($_->{optional} && $promise->[0] =~ /^(memory|limit)$/) } @calls;
}
my @waiting = grep { !($SANITIZED && $by_shim{$_->{promise}[0]}) } @tasks;
while (@waiting || %running) {
    while (@waiting && keys %running < $CORES) {
        my $task = shift @waiting;
        my $pid = fork // die "fork: $!";
        run_task($task) if !$pid;
        $running{$pid} = $task;
    }
    delete $running{wait()};
}

my (%tries, %seconds);
for my $task (@tasks) {
    my ($name, $says) = @{$task->{promise}};
    if ($SANITIZED && $by_shim{$name}) {
        printf "ok %d - %s # SKIP fault.so and a sanitizer exclude each other\n", ++$number, $name;
        next;
    }
    my ($count, $seconds, @complaints) = split /\0/, slurp("$ROOT/$task->{number}.found");
    next if !($count // 1) && !@complaints;
    $tries{$name}{$task->{call}{program}} += $count // 0;
    $seconds{$name} += $seconds // 0;
    ok(defined $count && !@complaints, sprintf '%s: %s (%d tries)', $name, $task->{call}{text}, $count // 0)
        or print map { s/[^\n -~]/?/gr =~ s/\n\z//r =~ s/^/#   /mgr . "\n" } (@complaints)[0 .. min(4, $#complaints)];
}
print "ok ", ++$number, " # SKIP no file system can be mounted here\n" if $ENV{PROMISES_BEGUN} ne 'mounts';

# ---- the table ----

my @named = grep { $tries{$_->[0]} } @promises;
printf "# %-45s %10s %9s  %s\n", 'promise', 'tries', 'seconds', 'programs';
for (@named) {
    my ($name, $says) = @$_;
    printf "# %-45s %10d %9.0f  %d\n", "$name: $says", sum0(values %{$tries{$name}}), $seconds{$name},
        scalar grep { $_ } values %{$tries{$name}};
}
printf "# %-45s %10d\n", 'in all', sum0(map { values %$_ } values %tries);
printf "#\n# %-14s" . ' %8s' x @named . "\n", 'tries', map { $_->[0] } @named;
for my $program (sort keys %covered) {
    printf "# %-14s" . ' %8s' x @named . "\n", $program, map { $tries{$_->[0]}{$program} || '-' } @named;
}
if ($ENV{TSV}) {
    spew($ENV{TSV}, join '', "promise\tprogram\ttries\n",
         map { my $name = $_->[0]; map { "$name\t$_\t$tries{$name}{$_}\n" } sort keys %{$tries{$name}} } @named);
}
print "1..$number\n";
exit($failed != 0);
