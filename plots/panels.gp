# Panels of lines with one legend below: line, mean over the repetitions; band, lowest to highest.
set multiplot layout panel_rows,panel_columns title figure_title font title_font noenhanced \
    margins 74.0/width,1-18.0/width,(62.0+legend_rows*22.0)/height,1-60.0/height \
    spacing 84.0/width,82.0/height
set key off
set title offset 0,-0.4
set xlabel offset 0,0.4
set ylabel offset 0.6,0
if (points <= 10) { set xtics 1 }
do for [p=1:panels] {
    set title panel_title[p] noenhanced
    set xlabel x_label[p] noenhanced
    set ylabel y_label[p] noenhanced
    plot for [i=first[p]:last[p]] $data index i-1 using 1:3:4 with filledcurves linestyle line_look[i], \
        for [i=first[p]:last[p]] $data index i-1 using 1:2 with linespoints linestyle line_look[i] \
            pointinterval mark_every
}
# The legend is a plot of its own without anything but its key.
unset title
unset xlabel
unset ylabel
unset tics
unset border
unset grid
set lmargin at screen 0.02
set rmargin at screen 0.98
set bmargin at screen 4.0/height
set tmargin at screen (8.0+legend_rows*22.0)/height
set key on inside center center horizontal
plot [0:1][0:1] for [i=1:legends] NaN with linespoints linestyle legend_look[i] title legend_name[i]
unset multiplot
