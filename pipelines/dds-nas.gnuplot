# gnuplot -c dds-nas.gnuplot CURVE.tsv PICTURE.png TITLE
# The grey bars are epochs after which the subset was mined. Columns of CURVE.tsv: epoch accuracy rate updates updated kept replaced images seconds validation
set terminal pngcairo size 900,480 font "sans,11" linewidth 1.5
set output ARG2
set datafile separator "\t"
set datafile missing "-"
set title ARG3 noenhanced
set xlabel "epoch"
set ylabel "accuracy"
set y2label "learning rate"
set xrange [0:*]
set yrange [0:1]
set y2range [0:0.012]
set ytics nomirror
set y2tics
set grid y
set key outside bottom center horizontal
plot ARG1 every ::1 using 1:($5 > 0 ? 1 : NaN) with impulses lc rgb "#dddddd" lw 3 title "subset mined", \
     ARG1 every ::1 using 1:3 axes x1y2 with steps lc rgb "#999999" title "learning rate", \
     ARG1 every ::1 using 1:2 with linespoints pt 7 ps 0.4 lc rgb "#1f77b4" title "on the subset", \
     ARG1 every ::1 using 1:10 with points pt 5 ps 0.9 lc rgb "#d62728" title "on validation images"
