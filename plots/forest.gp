# Forest plots, a panel each: a row's value and interval; a dashed line at the reference. $data blocks: row, value, low,
# high, 1 for a filled marker; a row without an interval has its value for both ends.
set multiplot title figure_title font title_font noenhanced
unset key
set grid xtics noytics
set border 1 linecolor rgb '#404040'
set tics nomirror out scale 0.6
set bars 0.6
set format '%g'
do for [p=1:panels] {
    set lmargin at screen left[p]
    set rmargin at screen right[p]
    set bmargin at screen bottom[p]
    set tmargin at screen top[p]
    set title panel_title[p] noenhanced offset 0,title_at
    set xlabel measure[p] noenhanced offset 0,0.5+label_raise
    set xrange [from[p]:to[p]]
    set xtics autofreq font label_font offset 0,0.3
    set yrange [rows_of[p]-0.5:-0.5] noreverse
    set ytics scale 0 noenhanced font label_font offset 0.6,0 (row_label[offset[p]] 0)
    do for [k=1:rows_of[p]-1] { set ytics add (row_label[offset[p]+k] k) }
    unset arrow
    if (has_reference[p]) {
        set arrow from reference[p], graph 0 to reference[p], graph 1 nohead linewidth 1.2 \
            dashtype (6,4) linecolor rgb '#606060'
    }
    plot $data index p-1 using 2:1:3:4 with xerrorbars linewidth 1.6 pointtype 7 pointsize marker linecolor rgb '#0072B2', \
        $data index p-1 using ($5 > 0 ? NaN : $2):1 with points pointtype 7 pointsize 0.6*marker linecolor rgb '#ffffff'
}
unset multiplot
