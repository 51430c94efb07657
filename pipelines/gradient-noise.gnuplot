# gnuplot -c gradient-noise.gnuplot CURVES.tsv PICTURE.png TITLE
# A block an arm, parted by two empty lines, after a line with its name; columns: step, images, deviation,
# its polynomial, loss of held-out images, share of seeds with a new subset, and of parts of the search the
# fall of held-out images by a step, cosine of halves, cosine with held-out images.
set datafile separator "\t"
set datafile missing "-"
stats ARG1 using 1 name "x" nooutput
arms = x_blocks
stats ARG1 using ($1 > 0 ? $2 / $1 : NaN) name "batch" nooutput
set terminal pngcairo size 1200,860 font "sans,11" linewidth 1.3
set output ARG2
name(i) = system(sprintf("awk 'BEGIN { RS = \"\" } { split($0, l, \"\\n\") } NR == %d { gsub(/\"/, \"\", l[1]); print l[1] }' ", i + 1).ARG1)
colour(i) = word("#1f77b4 #ff7f0e #2ca02c #d62728 #9467bd #8c564b #e377c2", i % 7 + 1)
pale(i) = word("#aec7e8 #ffbb78 #98df8a #ff9896 #c5b0d5 #c49c94 #f7b6d2", i % 7 + 1)
set grid
set xrange [0:*]
set xtics nomirror
set x2tics
set link x2 via x * batch_mean inverse x / batch_mean
set xlabel "weight steps"
set x2label "images"
set rmargin 4
set multiplot layout 2,2 title ARG3 noenhanced
set key inside top right font ",9" samplen 1 noenhanced
set ylabel "deviation of losses within a batch"
plot for [i = 0:arms - 1] ARG1 index i every ::1 using 1:3 with points pt 7 ps 0.3 lc rgb pale(i) notitle, \
     for [i = 0:arms - 1] ARG1 index i every ::1 using 1:($6 > 0 ? $4 : NaN) with points pt 9 ps 0.9 lc rgb colour(i) notitle, \
     for [i = 0:arms - 1] ARG1 index i every ::1 using 1:4 with lines lw 2 lc rgb colour(i) title name(i).", third degree", \
     NaN with points pt 9 ps 0.9 lc rgb "#555555" title "new subset"
set ylabel "loss of a held-out batch"
plot for [i = 0:arms - 1] ARG1 index i every ::1 using 1:5 with lines lc rgb colour(i) title name(i)
set ylabel "cosine of the gradients on halves of the batch"
plot for [i = 0:arms - 1] ARG1 index i every ::1 using 1:8 with linespoints pt 7 ps 0.5 lc rgb colour(i) title name(i)
set ylabel "cosine with the gradient on held-out images"
plot for [i = 0:arms - 1] ARG1 index i every ::1 using 1:9 with linespoints pt 7 ps 0.5 lc rgb colour(i) title name(i)
unset multiplot
