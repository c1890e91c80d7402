/* setup/configure given folders in which libtorch is missing, too old, or does not fit together: made here of
 * a few lines, for its messages alone. */
#include "check_suites.h"

#include "check_folder.h"
#include "check_run.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* fake FOLDER MAJOR MINOR: a libtorch of one function, which its libraries lack. */
#define FAKE                                                                                       \
    "fake() { mkdir -p $1/include/torch/csrc/api/include/torch $1/include/ATen"                    \
    " $1/include/c10/util $1/lib\n"                                                                \
    "printf '#define TORCH_VERSION_MAJOR %s\\n#define TORCH_VERSION_MINOR %s\\n#define "           \
    "TORCH_VERSION_PATCH 0\\n' $2 $3 >$1/include/torch/csrc/api/include/torch/version.h\n"         \
    "echo 'namespace at { int get_num_threads(); }' >$1/include/ATen/Parallel.h\n"                 \
    "printf '#include <stdexcept>\\nnamespace c10 { using Error = std::runtime_error; }\\n"        \
    "#define TORCH_CHECK(x, m) if (!(x)) throw c10::Error(m)\\n'"                                  \
    " >$1/include/c10/util/Exception.h\n"                                                          \
    "echo 'int none;' >none.c\n"                                                                   \
    "for l in torch torch_cpu c10; do gcc -shared -o $1/lib/lib$l.so none.c; done; }\n"

static const struct {
    const char *command, *said;
} rows[] = {
    {"LIBTORCH=nowhere $CONFIGURE", "configure: LIBTORCH=nowhere: no such folder\n"},
    {"mkdir empty && LIBTORCH=empty $CONFIGURE",
        "/empty: run `make setup`, or give LIBTORCH=DIR or TORCH=python\n"},
    {"TORCH=python PYTHON=false $CONFIGURE", "configure: TORCH=python: false has no module torch"},
    {"TORCH=conda $CONFIGURE", "expected TORCH=python, or LIBTORCH=DIR, or neither\n"},
    {FAKE "fake old 1 12 && LIBTORCH=old $CONFIGURE",
        "/old: 1.13 or later is needed; pip install torch and give TORCH=python\n"},
    {FAKE "fake bare 2 15 && rm bare/lib/libc10.so && LIBTORCH=bare $CONFIGURE",
        "cannot be used: a first program (c++20, C++ ABI 0) does not compile, link or run:\n"},
    {FAKE "fake odd 2 15 && LIBTORCH=odd $CONFIGURE",
        "undefined reference to `at::get_num_threads()"},
    {FAKE "fake lone 2 9 && mkdir gone && gcc -shared -o gone/libgone.so none.c && gcc -shared"
          " -Wl,--no-as-needed -o lone/lib/libtorch_cpu.so none.c -Lgone -lgone &&"
          " LIBTORCH=lone $CONFIGURE",
        "/lone/lib/libtorch_cpu.so needs libgone.so, which the loader does not find: "},
};

START_TEST(what_is_wrong_with_libtorch_is_said) {
    char *dir = folder_new(), *here = realpath("setup/configure", NULL);
    ck_assert_ptr_nonnull(here);
    char *command = xasprintf("unset TORCH LIBTORCH; CONFIGURE='%s'\n%s", here, rows[_i].command);
    struct ran r = run_shell(dir, command);
    ck_assert_msg(strstr(r.err, rows[_i].said) != NULL, "%s", r.err);
    ck_assert_int_eq(r.code, 1);
    ck_assert_str_eq(r.out, "");
    ran_free(&r);
    free(command);
    free(here);
    folder_remove(dir);
}
END_TEST

Suite *configure_suite(void) {
    Suite *s = suite_create("configure");
    TCase *c = tcase_create("configure");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, what_is_wrong_with_libtorch_is_said, 0, (int)ARRAY_LEN(rows));
    suite_add_tcase(s, c);
    return s;
}
