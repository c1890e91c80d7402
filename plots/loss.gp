# Losses and metrics over epochs, a panel each: line, mean over the repetitions; band, lowest to highest.
set multiplot layout panel_rows,panel_columns title figure_title noenhanced
if (points <= 10) { set xtics 1 }
do for [p=1:panels] {
    set title panel_title[p] noenhanced
    set xlabel x_label[p] noenhanced
    set ylabel y_label[p] noenhanced
    if (p == 1) { set key top right } else { set key off }
    plot for [i=first[p]:last[p]] $data index i-1 using 1:3:4 with filledcurves linestyle line_look[i] notitle, \
        for [i=first[p]:last[p]] $data index i-1 using 1:2 with linespoints linestyle line_look[i] \
            pointinterval mark_every title line_name[i]
}
unset multiplot
