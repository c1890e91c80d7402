/* What tests need of probability distributions: Boost.Math behind a C face, the one C++ file outside torch/. */
#ifndef ANALYSIS_DISTRIBUTIONS_H
#define ANALYSIS_DISTRIBUTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/* P(X > x) of the chi-squared distribution with `degrees` > 0 of freedom; 1 where x is 0 or less, NaN where
 * an argument is NaN. 0 beyond what a double holds. */
double chi_squared_tail(double x, double degrees);

#ifdef __cplusplus
}
#endif

#endif
