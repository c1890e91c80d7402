# Heat maps, a panel each: colour and value, below it the count. $data blocks: x, y, shade (0 to 1; -1: none), value and
# count as they are drawn; cells without any sample are not in it. $marks blocks: a corner for each small group.
set multiplot title figure_title font title_font noenhanced
unset grid
unset key
set border 15 linecolor rgb '#404040'
set tics scale 0
ink(shade) = shade > 0.85 ? 0xffffff : 0x202020
do for [p=1:panels] {
    set lmargin at screen left[p]
    set rmargin at screen right[p]
    set bmargin at screen bottom[p]
    set tmargin at screen top[p]
    set title panel_title[p] noenhanced offset 0,title_at
    set xlabel x_label noenhanced offset 0,0.3+label_raise
    set ylabel y_label noenhanced offset 0.6,0
    set xrange [-0.5:columns_of[p]-0.5]
    set yrange [rows_of[p]-0.5:-0.5] noreverse
    # The first one replaces the automatic tics.
    set xtics rotate by angle[p] noenhanced font label_font offset 0,0.3 (tic_name[offset[p]] 0)
    do for [k=1:columns_of[p]-1] { set xtics add (tic_name[offset[p]+k] k) }
    set ytics noenhanced font label_font offset 0.6,0 (tic_name[offset[p]+columns_of[p]] 0)
    do for [k=1:rows_of[p]-1] { set ytics add (tic_name[offset[p]+columns_of[p]+k] k) }
    plot $data index p-1 using ($3 < 0 ? NaN : $1):2:(0.5):(0.5):3 with boxxyerror \
            fillstyle solid 1 noborder linecolor palette, \
        $data index p-1 using 1:2:(0.5):(0.5) with boxxyerror fillstyle empty linecolor rgb '#c0c0c0' linewidth 0.8, \
        $marks index p-1 using 1:2 with filledcurves closed fillstyle solid 1 noborder linecolor rgb '#505050', \
        $data index p-1 using 1:2:4:(ink($3)) with labels font label_font offset 0,line_scale*value_at textcolor rgb variable, \
        $data index p-1 using 1:2:5:(ink($3)) with labels font small_font offset 0,-0.5*line_scale textcolor rgb variable
}
unset multiplot
