# Cumulative scores: line, mean over the repetitions; band, lowest to highest.
set title figure_title font title_font noenhanced
set xlabel x_label[1] noenhanced
set ylabel y_label[1] noenhanced
set xrange [0:25]
set yrange [0:100]
set xtics 5
set key bottom right
set bmargin 3.5
plot for [i=first[1]:last[1]] $data index i-1 using 1:3:4 with filledcurves linestyle line_look[i] notitle, \
    for [i=first[1]:last[1]] $data index i-1 using 1:2 with linespoints linestyle line_look[i] \
        pointinterval mark_every title line_name[i]
