#include "analysis/distributions.h"

#include <boost/math/distributions/chi_squared.hpp>

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

double chi_squared_tail(double x, double degrees) {
    assert(!(degrees <= 0));
    if (std::isnan(x) || std::isnan(degrees))
        return std::numeric_limits<double>::quiet_NaN();
    if (x <= 0)
        return 1;
    if (std::isinf(x))
        return 0;
    const boost::math::chi_squared_distribution<double, quiet> d(degrees);
    return boost::math::cdf(boost::math::complement(d, x));
}
