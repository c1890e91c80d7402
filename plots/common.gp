# The look of every figure. Colours: Okabe & Ito's, told apart with any colour vision; dashes and
# markers tell the lines apart in grey. Set before: terminal, base_font, width, height, data, names (text is drawn as
# it is; in print the base font has 8 pt, and nothing is smaller than 0.875 of it).
set encoding utf8
title_font = sprintf(',%g', base_font)
label_font = sprintf(',%g', base_font*0.9)
small_font = sprintf(',%g', base_font*0.875)
set border 3 linecolor rgb '#404040'
set tics nomirror out scale 0.6
set grid ytics linetype 1 dashtype 1 linecolor rgb '#e4e4e4' linewidth 0.8
set style fill transparent solid 0.18 noborder
# 28 looks: seven colours, each time round with other dashes, and markers filled, then open.
colours = '#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000'
markers = '7 9 5 13 11 15 2 6 8 4 12 10 14 1'
set dashtype 2 (12,5)
set dashtype 3 (3,4)
set dashtype 4 (12,4,3,4)
set dashtype 5 (20,5)
set dashtype 6 (6,3)
set dashtype 7 (12,3,3,3,3,3)
do for [i=0:27] {
    dash = (i + 2*(i/7)) % 7 + 1
    set style line i+1 linecolor rgb word(colours, i%7+1) linewidth 2 dashtype dash \
        pointtype int(word(markers, i%14+1))
}
set key noenhanced reverse Left samplen 3.5 spacing 1.15
# Heat maps: from white to Okabe & Ito's blue, lighter to darker without a turn.
set palette defined (0 '#ffffff', 1 '#0072B2')
set cbrange [0:1]
unset colorbox
