# gnuplot -c encoder-lab.gnuplot LAB.tsv PICTURE.png TITLE
# A block a latent, parted by two empty lines, after a line with its name; columns: R2, its deviation,
# purity, its deviation, arm. A panel each. A space is fit to mine in where both are high: up and to
# the right.
set datafile separator "\t"
stats ARG1 using 1 name "x" nooutput
stats ARG1 using 3 name "y" nooutput
panels = x_blocks
set terminal pngcairo size 640*panels,600 font "sans,11" linewidth 1.3
set output ARG2
least = x_min < -1 ? -1 : x_min
at(x) = x < least ? least : x # what lies further out stands at the border, and says where it is
called(arm, x) = x < least ? sprintf("%s (R2 %.2f)", arm, x) : arm
set xrange [least - 0.1:1]
set yrange [y_min - 0.1:(y_max > 0.95 ? 1 : y_max + 0.05)]
set xlabel "R2 of what comes back, held out"
set ylabel "5-NN purity, held out"
set grid
set rmargin 14
colour(i) = word("#1f77b4 #ff7f0e #2ca02c #d62728 #9467bd #8c564b #e377c2 #7f7f7f #bcbd22 #17becf", int(i) % 10 + 1)
rgb(i) = int("0x".substr(colour(i), 2, 7))
set multiplot layout 1,panels title ARG3 noenhanced
do for [i=0:panels-1] {
    set title system(sprintf("awk -v n=%d 'BEGIN { RS = \"\" } { split($0, l, \"\\n\") } NR == n + 1 { gsub(/\"/, \"\", l[1]); print l[1] }' ", i).ARG1)
    plot ARG1 index i using (at($1)):3:2:4:(rgb($0)) with xyerrorbars pt 7 ps 1 lc rgb variable notitle, \
         ARG1 index i using (at($1)):3:(called(stringcolumn(5), $1)):(rgb($0)) with labels left offset 0.8,0.5 font ",9" tc rgb variable noenhanced notitle
}
unset multiplot
