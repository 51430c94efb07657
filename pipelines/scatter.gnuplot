# gnuplot -c scatter.gnuplot POINTS PICTURE.png TITLE
# POINTS: blocks parted by two empty lines, each a line with a class's name and then x and y.
set terminal pngcairo size 1000,800 font "sans,11"
set output ARG2
set datafile separator "\t"
if (strlen(ARG3)) set title ARG3 noenhanced
stats ARG1 using 1:2 nooutput
classes = STATS_blocks
set size ratio -1
set offsets graph 0.02, graph 0.02, graph 0.02, graph 0.02
unset tics
set border lc rgb "#999999"
set key outside right top samplen 1 noenhanced
set key autotitle columnhead
colour(i) = word("#1f77b4 #ff7f0e #2ca02c #d62728 #9467bd #8c564b #e377c2 #7f7f7f #bcbd22 #17becf", i % 10 + 1)
mark(i) = word("7 5 9 11 13", i / 10 % 5 + 1) + 0
plot for [i = 0:classes - 1] ARG1 index i using 1:2 with points pt mark(i) ps 0.5 lc rgb colour(i)
