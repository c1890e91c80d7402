#include "analysis/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <cassert>
#include <cmath>
#include <limits>

/* No exception may leave for C: what Boost would throw becomes a value. */
using boost::math::policies::domain_error;
using boost::math::policies::evaluation_error;
using boost::math::policies::ignore_error;
using boost::math::policies::overflow_error;
using boost::math::policies::promote_double;
using quiet = boost::math::policies::policy<domain_error<ignore_error>,
    overflow_error<ignore_error>, evaluation_error<ignore_error>, promote_double<false>>;

static const double nan_value = std::numeric_limits<double>::quiet_NaN();

double chi_squared_tail(double x, double degrees) {
    assert(!(degrees <= 0));
    if (std::isnan(x) || std::isnan(degrees))
        return nan_value;
    if (x <= 0)
        return 1;
    if (std::isinf(x))
        return 0;
    const boost::math::chi_squared_distribution<double, quiet> d(degrees);
    return boost::math::cdf(boost::math::complement(d, x));
}

double normal_quantile(double p) {
    assert(!(p <= 0 || p >= 1));
    if (std::isnan(p))
        return nan_value;
    return boost::math::quantile(boost::math::normal_distribution<double, quiet>(), p);
}

double normal_cdf(double x) {
    if (std::isnan(x))
        return nan_value;
    return boost::math::cdf(boost::math::normal_distribution<double, quiet>(), x);
}

double student_t_quantile(double p, double degrees) {
    assert(!(p <= 0 || p >= 1 || degrees <= 0));
    if (std::isnan(p) || std::isnan(degrees))
        return nan_value;
    return boost::math::quantile(boost::math::students_t_distribution<double, quiet>(degrees), p);
}

double student_t_two_sided(double t, double degrees) {
    assert(!(degrees <= 0));
    if (std::isnan(t) || std::isnan(degrees))
        return nan_value;
    if (std::isinf(t))
        return 0;
    const boost::math::students_t_distribution<double, quiet> d(degrees);
    return 2 * boost::math::cdf(boost::math::complement(d, std::fabs(t)));
}

double beta_quantile(double p, double a, double b) {
    assert(!(p <= 0 || p >= 1 || a <= 0 || b <= 0));
    if (std::isnan(p) || std::isnan(a) || std::isnan(b))
        return nan_value;
    return boost::math::quantile(boost::math::beta_distribution<double, quiet>(a, b), p);
}

double binomial_cdf(double k, double n, double p) {
    assert(!(n < 0 || p <= 0 || p >= 1));
    if (std::isnan(k) || std::isnan(n) || std::isnan(p))
        return nan_value;
    if (k < 0)
        return 0;
    if (k >= n)
        return 1;
    return boost::math::cdf(boost::math::binomial_distribution<double, quiet>(n, p), std::floor(k));
}
