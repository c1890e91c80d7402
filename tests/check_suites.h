/* Every tests/check_NAME.c gives `Suite *NAME_suite(void)`; suites.inc is the list, cheap ones first. */
#ifndef CHECK_SUITES_H
#define CHECK_SUITES_H

#include <check.h>

#define SUITE(name) Suite *name##_suite(void);
#include "suites.inc"
#undef SUITE

#endif
