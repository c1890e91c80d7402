# The look of every figure. Colours: Okabe & Ito's, told apart with any colour vision; dashes and
# markers tell the lines apart in grey. Set before: terminal, base_font, width, data, names (text is drawn as it is).
set encoding utf8
# A long title shrinks to the width: letters of the font are about 0.6 of its size, 14 pixels.
title_fit = (width - 16) / (0.6 * 14 * (strlen(figure_title) + 1))
title_font = sprintf(',%g', base_font * (title_fit < 0.9 ? title_fit : 0.9))
set border 3 linecolor rgb '#404040'
set tics nomirror out scale 0.6
set grid ytics linetype 1 dashtype 1 linecolor rgb '#e4e4e4' linewidth 0.8
set style fill transparent solid 0.18 noborder
set style line 1 linecolor rgb '#0072B2' linewidth 2 dashtype 1 pointtype 7
set style line 2 linecolor rgb '#D55E00' linewidth 2 dashtype (12,5) pointtype 9
set style line 3 linecolor rgb '#009E73' linewidth 2 dashtype (3,4) pointtype 5
set style line 4 linecolor rgb '#CC79A7' linewidth 2 dashtype (12,4,3,4) pointtype 13
set style line 5 linecolor rgb '#E69F00' linewidth 2 dashtype (20,5) pointtype 11
set style line 6 linecolor rgb '#56B4E9' linewidth 2 dashtype (6,3) pointtype 4
set style line 7 linecolor rgb '#000000' linewidth 2 dashtype (12,3,3,3,3,3) pointtype 6
set key noenhanced reverse Left samplen 3.5 spacing 1.15
