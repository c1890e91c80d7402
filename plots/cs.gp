# Cumulative scores of age, up to an error of last_error.
set xrange [0:last_error]
set yrange [0:100]
tic_step = last_error > 10 ? 5 : 1
set xtics tic_step
set key bottom right
