# The tasks' weights over epochs, a panel each approach.
set yrange [0:1]
