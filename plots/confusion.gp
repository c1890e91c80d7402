# Confusion matrices, a panel each: colour and percent, share of the true class; below it the count.
# $data blocks: x (predicted), y (true), percent, count; cells without any sample stay empty.
set multiplot layout 1,panels title figure_title font title_font noenhanced
set palette defined (0 '#ffffff', 100 '#0072B2')
set cbrange [0:100]
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
    set xtics rotate by angle noenhanced (class_name[offset[p]] 0)
    set ytics noenhanced (class_name[offset[p]] 0)
    do for [k=1:n-1] {
        set xtics add (class_name[offset[p]+k] k)
        set ytics add (class_name[offset[p]+k] k)
    }
    share_font = sprintf(',%g', base_font * (n > 6 ? 0.8 : 1))
    count_font = sprintf(',%g', base_font * (n > 6 ? 0.6 : 0.7))
    plot $data index p-1 using 1:2:3 with image pixels, \
        $data index p-1 using 1:2:($4 < 1 ? '' : $3 < 0.5 ? '<1' : sprintf('%.0f', $3)):($3 > 75 ? 0xffffff : 0x202020) \
            with labels font share_font offset 0,0.45 textcolor rgb variable, \
        $data index p-1 using 1:2:($4 < 1 ? '' : sprintf('(%d)', int($4))):($3 > 75 ? 0xffffff : 0x202020) \
            with labels font count_font offset 0,-0.55 textcolor rgb variable
}
unset multiplot
