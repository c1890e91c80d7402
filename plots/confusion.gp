# Confusion matrices, a panel each: colour and percent, share of the true class; below it the count.
# $data blocks: x (predicted), y (true), percent, count.
set multiplot layout 1,panels title figure_title noenhanced
set palette defined (0 '#ffffff', 100 '#0072B2')
set cbrange [0:100]
set bmargin -1
unset colorbox
unset grid
unset key
set border 15 linecolor rgb '#404040'
set tics scale 0
set ylabel 'True'
set xlabel 'Predicted'
do for [p=1:panels] {
    set title panel_title[p] noenhanced
    n = classes[p]
    set xrange [-0.5:n-0.5]
    set yrange [n-0.5:-0.5] noreverse
    # The first one replaces the automatic tics.
    set xtics rotate by -40 noenhanced (class_name[offset[p]] 0)
    set ytics noenhanced (class_name[offset[p]] 0)
    do for [k=1:n-1] {
        set xtics add (class_name[offset[p]+k] k)
        set ytics add (class_name[offset[p]+k] k)
    }
    share_font = n > 6 ? ',11' : ',14'
    plot $data index p-1 using 1:2:3 with image pixels, \
        $data index p-1 using 1:2:($3 < 0.5 ? '' : sprintf('%.0f', $3)):($3 > 55 ? 0xffffff : 0x202020) \
            with labels font share_font offset 0,0.45 textcolor rgb variable, \
        $data index p-1 using 1:2:($4 < 0.5 ? '' : sprintf('(%d)', int($4))):($3 > 55 ? 0xffffff : 0x606060) \
            with labels font ',9' offset 0,-0.55 textcolor rgb variable
}
unset multiplot
