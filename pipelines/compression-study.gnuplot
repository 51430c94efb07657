# gnuplot -c compression-study.gnuplot STUDY.tsv PICTURE.png TITLE
# The metric behind a #, then a block an arm, parted by two empty lines; columns: scan bytes, mean, deviation, level, size of the ring, which marks the knee.
set terminal pngcairo size 900,540 font "sans,11" linewidth 1.5
set output ARG2
set title ARG3 noenhanced
set xlabel "bytes of an image's entropy-coded scan, mean"
set ylabel system("sed -n '1s/^# //p' ".ARG1)
set logscale x
set grid
set key outside bottom center horizontal
stats ARG1 using 1:2 nooutput
plot for [i=0:STATS_blocks-1] ARG1 index i using 1:2:3 with yerrorlines pt 7 ps 0.7 lc i+1 title columnheader(1), \
     for [i=0:STATS_blocks-1] ARG1 index i using 1:2:5 with points pt 6 ps variable lc i+1 notitle, \
     ARG1 index 0 using 1:2:(stringcolumn(4)) with labels offset 0,1.2 font ",9" notitle
