/* Every tests/check_NAME.c gives `Suite *NAME_suite(void)`; suites.inc is the list, cheap ones first. Of TORCH_SUITE:
 * what it sees is up to libtorch; `make test-wheel` runs those with another one. */
#ifndef CHECK_SUITES_H
#define CHECK_SUITES_H

#include <check.h>

#define TORCH_SUITE(name) SUITE(name)
#define SUITE(name) Suite *name##_suite(void);
#include "suites.inc"
#undef SUITE

#endif
