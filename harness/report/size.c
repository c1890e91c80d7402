#include "report/size.h"

void size_add(struct str *out, double bytes) {
    static const char units[] = "kMGTP";
    int unit = -1;
    for (; bytes >= (unit < 0 ? 1000 : 999.95) && unit < (int)sizeof units - 2; unit++)
        bytes /= 1000;
    if (unit < 0)
        str_addf(out, "%.0f bytes", bytes);
    else
        str_addf(out, "%.1f %cB", bytes, units[unit]);
}
