# Losses and metrics over epochs, a panel each.
