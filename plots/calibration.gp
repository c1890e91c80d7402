# Reliability diagrams, a panel each, and below it how many predictions a bin of confidence has. $data blocks: middle of
# the bin, mean confidence, accuracy (%), predictions; bins of fewer than `few` are hollow. The diagonal: confidence as high as accuracy.
set multiplot title figure_title font title_font noenhanced
unset key
set xrange [0:100]
set xtics 20 font label_font
set ytics font label_font
set ylabel noenhanced
do for [p=1:panels] {
    set lmargin at screen left[2*p-1]
    set rmargin at screen right[2*p-1]
    set bmargin at screen bottom[2*p-1]
    set tmargin at screen top[2*p-1]
    set title panel_title[p] noenhanced offset 0,title_at
    set format x ''
    unset xlabel
    set ylabel 'Accuracy (%)' offset 0.8,0
    set yrange [0:100]
    set ytics 20
    plot x with lines linewidth 1 dashtype (6,4) linecolor rgb '#606060', \
        $data index p-1 using 2:3 with linespoints linewidth 2 pointtype 7 pointsize marker linecolor rgb '#0072B2', \
        $data index p-1 using ($4 < few ? $2 : NaN):3 with points pointtype 7 pointsize 0.6*marker linecolor rgb '#ffffff'
    set bmargin at screen bottom[2*p]
    set tmargin at screen top[2*p]
    unset title
    set format x '%g'
    set format y '%g'
    set xlabel 'Confidence (%)' noenhanced offset 0,0.4+label_raise
    set ylabel 'Predictions' offset 0.8,0
    set yrange [0:most[p]*1.05]
    set ytics most[p] < 2 ? 1 : ceil(most[p]/2.0)
    plot $data index p-1 using 1:4:(90.0/bins) with boxes fillstyle solid 1 noborder linecolor rgb '#b8b8b8'
}
unset multiplot
