#!/usr/bin/env python3
"""Prints what tests/check_gates.c expects of the chi-squared distribution and test. Made with SciPy 1.11.4:
    python3 tests/reference/homogeneity.py
"""
from math import sqrt

from scipy.stats import chi2, chi2_contingency

for x, degrees in ((3.841458820694124, 1), (10, 3), (0.5, 7), (250, 4), (1200, 12)):
    print("tail", x, degrees, repr(chi2.sf(x, degrees)))
for table in ([[60, 40], [30, 70]], [[100, 200, 300], [90, 110, 100]], [[30, 3, 27, 40], [12, 2, 16, 20]]):
    statistic, p, degrees, _ = chi2_contingency(table, correction=False)
    print("table", table, repr(statistic), degrees, repr(p), repr(sqrt(statistic / sum(map(sum, table)))))
