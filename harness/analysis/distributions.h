/* What tests and intervals need of probability distributions: Boost.Math behind a C face, the one C++ file
 * outside torch/. NaN where an argument is NaN. */
#ifndef ANALYSIS_DISTRIBUTIONS_H
#define ANALYSIS_DISTRIBUTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/* P(X > x) of the chi-squared distribution with `degrees` > 0 of freedom; 1 where x is 0 or less, NaN where
 * an argument is NaN. 0 beyond what a double holds. */
double chi_squared_tail(double x, double degrees);

/* The value below which a share `p`, within (0, 1), of the distribution lies. */
double normal_quantile(double p);
double student_t_quantile(double p, double degrees); /* degrees > 0 */
double beta_quantile(double p, double a, double b);  /* a, b > 0 */

double normal_cdf(double x);
/* P(|T| >= |t|); 0 for an infinite t. */
double student_t_two_sided(double t, double degrees);
/* P(X <= k) of `n` trials, each a success with probability `p` within (0, 1); k < 0 gives 0. */
double binomial_cdf(double k, double n, double p);

#ifdef __cplusplus
}
#endif

#endif
