# Errors over groups of true ages, a panel each; the last: images as bars.
