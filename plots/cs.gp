# Cumulative scores of age.
set xrange [0:25]
set yrange [0:100]
set xtics 5
set key bottom right
