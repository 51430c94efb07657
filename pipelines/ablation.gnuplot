# gnuplot -c ablation.gnuplot COST.tsv PICTURE.png
# A block a set, parted by two empty lines, after a line with its name; columns: images processed, CPU
# seconds, final accuracy, its deviation, framework, arm, mean of what was drawn. Up and to the left is
# better; a broken line is what a search of the framework's space is worth if it finds nothing.
set datafile separator "\t"
set datafile missing "-"
stats ARG1 using 1 name "x" nooutput
sets = x_blocks
set terminal pngcairo size 1100,420*sets + 60 font "sans,11" linewidth 1.3
set output ARG2
all(column) = system(sprintf("awk -F '\\t' 'NF > 1 && !seen[$%d]++ { printf \"%%s \", $%d }' ", column, column).ARG1)
frameworks = all(5)
arms = all(6)
name(i) = system(sprintf("awk 'BEGIN { RS = \"\" } { split($0, l, \"\\n\") } NR == %d { gsub(/\"/, \"\", l[1]); print l[1] }' ", i + 1).ARG1)
drawn(i) = system(sprintf("awk -F '\t' 'BEGIN { n = -1; least = 1e9 } NF == 1 { n++ } n == %d && NF > 6 && $7 != \"-\" && $7 < least { least = $7 } END { print least }' ", i).ARG1) + 0
colour(i) = word("#1f77b4 #ff7f0e #2ca02c #d62728 #9467bd #8c564b #e377c2 #7f7f7f #bcbd22 #17becf", (i - 1) % 10 + 1)
mark(i) = word("7 5 9 11 13 4 6 8", (i - 1) % 8 + 1) + 0
set logscale x
set grid
set ylabel "final accuracy, %"
set rmargin 4
set multiplot layout sets,2
do for [i = 0:sets - 1] {
    do for [c = 1:2] {
        set title name(i) noenhanced
        set autoscale xy
        stats ARG1 index i every ::1 using c name "x" nooutput
        stats ARG1 index i every ::1 using 3 name "y" nooutput
        set xrange [(x_min > 0 ? x_min : 0.01) / 2:(x_max > 0 ? x_max : 1) * 2]
        stats ARG1 index i every ::1 using 4 name "sd" nooutput
        set yrange [(drawn(i) < y_min ? drawn(i) : y_min) - sd_max - 0.1:y_max + sd_max + 0.1]
        set xlabel (c == 1 ? "images that the search processed" : "seconds of CPU of the search, with its encoder")
        if (i == 0 && c == 2) { set key inside bottom right font ",9" samplen 1 noenhanced } else { unset key }
        plot for [f = 1:words(frameworks)] for [a = 1:words(arms)] ARG1 index i every ::1 \
                 using (stringcolumn(5) eq word(frameworks, f) && stringcolumn(6) eq word(arms, a) ? column(c) : NaN):3:4 \
                 with yerrorbars pt mark(a) ps 1.1 lc rgb colour(f) notitle, \
             for [f = 1:words(frameworks)] ARG1 index i every ::1 using (stringcolumn(5) eq word(frameworks, f) ? column(c) : NaN):7 \
                 with lines dt 2 lc rgb colour(f) notitle, \
             for [f = 1:words(frameworks)] NaN with lines lw 3 lc rgb colour(f) title word(frameworks, f), \
             for [a = 1:words(arms)] NaN with points pt mark(a) ps 1.1 lc rgb "#555555" title word(arms, a)
    }
}
unset multiplot
