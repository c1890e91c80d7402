# Panels of lines: line, mean over the repetitions; band, lowest to highest. One legend below, or with
# legend_rows 0 the panel's own.
set multiplot layout panel_rows,panel_columns title figure_title font title_font noenhanced \
    margins 70.0/width,1-real(beside)/width,(60.0+below+legend_rows*22.0)/height,1-(above+title_px+2.0)/height \
    spacing 84.0/width,(82.0+below)/height
if (legend_rows > 0) { set key off }
set title offset 0,title_at
set format '%g'
set xlabel offset 0,0.4+label_raise
set ylabel offset 0.1,0
if (points <= 10) { set xtics 1 }
if (places > 0) {
    set xrange [-0.5:places-0.5]
    set xtics rotate by angle noenhanced font label_font offset 0,0.1 (x_name[1] 0)
    do for [k=2:places] { set xtics add (x_name[k] k-1) }
}
do for [p=1:panels] {
    set title panel_title[p] noenhanced
    set xlabel x_label[p] noenhanced
    set ylabel y_label[p] noenhanced
    set ytics y_step[p]
    if (bars[p]) {
        set yrange [0:*]
        plot for [i=first[p]:last[p]] $data index i-1 using 1:2:(0.7) with boxes \
            fillstyle solid 1 noborder linecolor rgb '#b8b8b8' notitle
        set yrange [*:*]
    } else {
        plot for [i=first[p]:last[p]] $data index i-1 using 1:3:4 with filledcurves linestyle line_look[i] notitle, \
            for [i=first[p]:last[p]] $data index i-1 using 1:2 with linespoints linestyle line_look[i] \
                pointinterval mark_every title line_name[i]
    }
}
# The legend is a plot of its own without anything but its key.
if (legend_rows > 0) {
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
}
unset multiplot
