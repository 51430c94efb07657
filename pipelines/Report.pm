# What the reports on runs of the pipelines have in common.
package Report;
use strict;
use warnings;
use Exporter 'import';
use File::Basename 'basename';
use JSON::PP;
our @EXPORT = qw(fail lines_of text_of text_if json_of json_if json_by json_text rows_of write_whole versions_of versions_text times_of
    codec_of codec_text parts_of trained_whole embedding_of sum mean deviation standard_error paired_verdict verdict_text ranks);

sub fail { print STDERR basename($0), ": @_\n"; exit 1 }

# ---- files and programs; what cannot be read is an error, but for NAME_if, which is undef then ----

sub text_if {
    my ($path) = @_;
    open my $from, '<', $path or return undef;
    local $/;
    return <$from>;
}
sub text_of { my ($path) = @_; text_if($path) // fail("cannot open $path: $!") }
sub json_if { my $text = text_if(@_); defined $text ? decode_json($text) : undef }
sub json_of { decode_json(text_of(@_)) }

# What a command prints.
sub lines_of {
    my ($command, @arguments) = @_;
    open my $from, '-|', $command, @arguments or fail("cannot run $command: $!");
    my @lines = <$from>;
    close $from or fail("$command failed");
    chomp @lines;
    return @lines;
}
sub json_by { decode_json(join "\n", lines_of(@_)) }

sub json_text { JSON::PP->new->canonical->pretty->encode(@_) }

# Rows of maps from a table whose first line names the columns.
sub rows_of {
    my ($head, @lines) = @_;
    my @names = split /\t/, $head // '';
    return map { my %row; @row{@names} = split /\t/, $_, -1; \%row } @lines;
}

sub write_whole {
    my ($path, $text) = @_;
    open my $to, '>', "$path.new" or fail("cannot write $path: $!");
    (print $to $text) && close $to && rename "$path.new", $path or fail("cannot write $path: $!");
}

# ---- the programs that worked on a run ----

sub versions_of {
    my ($run) = @_;
    my ($versions) = (text_if("$run/settings") // '') =~ /^VERSIONS = (.*)/m;
    return split ' ', $versions // 'unknown';
}
sub versions_text { (@_ > 1 ? 'Versions of the programs, MIXED: ' : 'Version of the programs: ') . join(', ', @_) . ".\n" }

# ---- what it took ----

# Of files times.tsv, by stage: seconds of all attempts, wall and CPU, and how many attempts began whose
# seconds are not there: they were stopped, or failed, or are still at work.
sub times_of {
    my %of;
    for (map { split /\n/, text_of($_) } grep { -e } @_) {
        my ($stage, $wall, $user, $system) = split /\t/;
        my $times = $of{$stage} //= { wall => 0, cpu => 0, begun => 0, ended => 0 };
        $times->{ defined $wall ? 'ended' : 'begun' }++;
        $times->{wall} += $wall // 0;
        $times->{cpu} += ($user // 0) + ($system // 0);
    }
    for my $times (values %of) {
        my ($begun, $ended) = delete @$times{qw(begun ended)};
        $times->{stopped} = $begun > $ended ? $begun - $ended : 0;
    }
    return \%of;
}

# ---- compression ----

# Of a stream: its codec with all settings but what differs from stream to stream of a run.
sub codec_of {
    my $codec = json_by('peek', '--json', @_)->{meta}{codec};
    delete @$codec{qw(extent levels epoch)} if $codec;
    return $codec;
}

sub codec_text {
    my ($codec) = @_;
    my %of = %$codec;
    my ($name, $library) = delete @of{qw(name library)};
    return "$name of $library" . join '', map { ", $_ $of{$_}" } sort keys %of;
}

# ---- searches ----

# What the name of an arm of dds-nas tells, dds-by-gdas-mastery-0.2: {arm, by, mastery}.
sub parts_of {
    my ($arm, %parts) = split /-(by|loss|hardness|mastery|draw|from|encoder|search|final)-/, $_[0];
    return { arm => $arm, %parts };
}

# Whether what a framework searched trained its super-net as a whole; of single paths through it, or
# samples, it never did.
sub trained_whole { my ($framework) = @_; !grep { /^(gdas|tas|random|evolution|reinforce)$/ } split /\+/, $framework // '' }

# By whose distances these parts' arm mines: the folder's name, up to losses and levels. Of random and
# fresh, which have them for no more than to tell of, undef, as of arms that mine nothing.
sub embedding_of { my ($parts) = @_; +{ dds => 'trained', untrained => 'untrained', pixels => 'pixels' }->{ $parts->{arm} } }

# ---- figures ----

sub sum { my $total = 0; $total += $_ for @_; $total }
sub mean { sum(@_) / @_ }
sub deviation {
    return undef if @_ < 2;
    my $mean = mean(@_);
    return sqrt(sum(map { ($_ - $mean)**2 } @_) / (@_ - 1));
}

sub standard_error { my $sd = deviation(@_); defined $sd ? $sd / sqrt(@_) : undef }

# One figure against another by the standard error of their paired difference over seeds, which is
# positive where the second one is better.
sub paired_verdict {
    my ($good, @differences) = @_;
    my $se = standard_error(@differences);
    return { verdict => @differences ? 'cannot be told of one seed' : 'was not run' } if !defined $se;
    my $mean = mean(@differences);
    return { verdict => $good->($mean, $se) ? 'holds' : 'does not hold', difference => $mean, standard_error => $se };
}

# A line of a list: what was expected, and whether it holds.
sub verdict_text {
    my ($says, $verdict) = @_;
    return "- $says: $verdict->{verdict}" . (defined $verdict->{difference}
        ? sprintf ' (%+.2f ± %.2f)', map { 100 * $_ } @$verdict{qw(difference standard_error)} : '') . "\n";
}

# What evaluate tells of two columns of two tables.
sub ranks {
    my ($one, $other, $columns, @options) = @_;
    return json_by('evaluate', 'ranks', '--json', '--columns', $columns, @options, $one, $other);
}

1;
