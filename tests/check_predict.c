/* dmtl pack and predict, as a user types them: what a packed network says of the test images is what the cell stored
 * of them, though one is without libtorch. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/mem.h"
#include "core/str.h"
#include "nets/tensor_file.h"

#include <stdlib.h>
#include <string.h>

static char *dir;

/* One trunk, heads with a hidden layer, branches, and frozen steps from a file: the weights that the first variant
 * ended with. */
static const char grid[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 32}, \"tasks\": {\"age\": {\"hidden\": [12]},"
    " \"gender\": {}, \"race\": {}}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"
    " \"optimiser\": {\"lr\": 0.01}, \"epochs\": 2, \"batch\": 16},"
    " \"variants\": {\"full\": {}, \"branches\": {\"trunk\": {\"branch\": \"category\", \"branch_stage\": \"stage2\"}},"
    " \"frozen\": {\"trunk\": {\"train_from\": \"stage3\"}}}}";
static const char from_file[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 32}, \"tasks\": {\"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"./full.safetensors\", \"partial\": true,"
    " \"train_from\": \"stage3\"}, \"epochs\": 1, \"batch\": 16}, \"variants\": {\"later\": {}}}";

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "g.json", grid);
    folder_put_text(dir, "later.json", from_file);
    expect("$DMTL data synth -n 90 --px 40 --out faces --quiet", 0, NULL, NULL);
    expect("$DMTL run g.json --data synthetic=faces --quiet", 0, NULL, NULL);
}

static void tear_down(void) {
    folder_remove(dir);
}

/* Lines "task lines-compared differences": predictions and every probability, within 1e-5. */
#define COMPARE                                                                                          \
    "awk -F, '{ gsub(\"\\r\", \"\") } FNR == 1 { for (i = 1; i <= NF; i++) at[FILENAME, $i] = i; next }" \
    " FILENAME == \"said.csv\" { for (t in tasks) { said[$1, t] = $at[FILENAME, t];"                     \
    " p[$1, t] = $at[FILENAME, t \"_probabilities\"] } next }"                                           \
    " { t = $8; key = \"faces/\" $9; n[t]++; k = split($17, a, \" \"); bad[t] += said[key, t] != $11 ||" \
    " split(p[key, t], b, \" \") != k; for (i = 1; i <= k; i++) bad[t] += (a[i] - b[i]) ^ 2 > 1e-10 }"   \
    " BEGIN { tasks[\"age\"]; tasks[\"gender\"]; tasks[\"race\"] }"                                      \
    " END { for (t in n) print t, n[t], bad[t] }' said.csv stored.csv | sort"

static const char *const variants[] = {"full", "branches"};

START_TEST(says_what_the_cell_stored) {
    char *ask =
        xasprintf("$DMTL pack g --only %s -o m.safetensors --quiet && "
                  "$DMTL predict m.safetensors faces --probabilities -o said.csv && "
                  "$DMTL export g --only %s --part test --probabilities -o stored.csv && " COMPARE,
            variants[_i], variants[_i]);
    /* the default split tests on a fifth of 90 */
    expect(ask, 0, "age 18 0\ngender 18 0\nrace 18 0\n", NULL);
    free(ask);
}
END_TEST

START_TEST(frozen_steps_come_from_the_file) {
    expect("$DMTL pack g --only full -o full.safetensors --quiet && "
           "$DMTL run later.json --data synthetic=faces --weights . --quiet",
        0, NULL, NULL);
    expect("$DMTL pack later --weights . -o m.safetensors --quiet && "
           "$DMTL predict m.safetensors faces --probabilities -o said.csv && "
           "$DMTL export later --part test --probabilities -o stored.csv && " COMPARE,
        0, "gender 18 0\n", NULL);
    expect("$DMTL pack later -o n.safetensors", 1, NULL, "datasets/weights/./full.safetensors");
    expect("$DMTL pack g --only frozen -o m.safetensors", 2, NULL,
        "its stem.conv.weight is in no file: it was drawn and never trained (/trunk/train_from)");
}
END_TEST

START_TEST(lines_and_classes) {
    expect("$DMTL pack g --only full -o m.safetensors", 0, NULL, "pack: cell ");
    expect(
        "cp $(ls faces/*.jpg | head -1) 'a,b \"c\".jpg'; $DMTL predict m.safetensors 'a,b \"c\".jpg' --threads 1",
        0, "image,age,gender,gender_class,race,race_class\r\n\"a,b \"\"c\"\".jpg\",", NULL);
    expect(
        "$DMTL predict m.safetensors faces --threads 1 >one && $DMTL predict m.safetensors faces --threads 3 >three"
        " && cmp one three && $DMTL predict m.safetensors faces/*.jpg | cmp - one",
        0, NULL, NULL);
}
END_TEST

static const struct {
    const char *command;
    int code;
    const char *message;
} bad[] = {
    {"$DMTL predict", 2, "predict: which network? expected MODEL IMAGE...; `dmtl pack` writes one"},
    {"$DMTL predict m.safetensors", 2, "predict: which images? expected MODEL IMAGE..."},
    {"$DMTL predict nothing faces", 1, "nothing: cannot be read"},
    {"$DMTL predict g.json faces", 2, "g.json: is no file of tensors that is known here"},
    {"$DMTL predict $(ls g/*/step-*.safetensors results/g/*/step-*.safetensors 2>/dev/null | head -1) faces",
        2, "expected a file that `dmtl pack` wrote (its metadata say format dmtl-model-1)"},
    {"head -c 3000 m.safetensors >cut; $DMTL predict cut faces", 2, "cut: "},
    {"cp m.safetensors nan; printf '\\0\\0\\300\\177' | dd of=nan bs=1 conv=notrunc seek=$(($(stat -c %s nan) - 4))"
     " status=none; $DMTL predict nan faces",
        2, "is no finite number: every answer would be one of chance"},
    {"DMTL_SIMD=avx1024 $DMTL predict m.safetensors faces", 2,
        "the environment variable DMTL_SIMD: \"avx1024\": no instruction set that we know"},
    {"mkdir none; $DMTL predict m.safetensors none", 2, "none: has no JPEG or PNG file"},
    {"$DMTL predict m.safetensors faces --threads 0", 2, "--threads"},
    {"echo no >no.jpg; $DMTL predict m.safetensors no.jpg", 1,
        "1 of 1 images could not be decoded: each is named above"},
    {"$DMTL predict m.safetensors faces -o no/such/file", 1, "no/such"},
    {"$DMTL pack g", 2, "pack: which file? expected -o FILE, such as -o model.safetensors"},
    {"$DMTL pack g -o x", 2, "pack: which cell? 3 are done: "},
    {"$DMTL pack g --only nobody -o x", 2, "pack: the grid g has no such cell that is done"},
    {"$DMTL pack g --cell zz -o x", 2, "pack: the grid g has no such cell that is done"},
    {"$DMTL pack nowhere -o x", 2, "nowhere"},
    {"mv results/g results/h; $DMTL pack g --only full -o x", 2,
        "has no checkpoint there: its folder stands beside the database"},
};

START_TEST(bad_input) {
    expect("$DMTL pack g --only full -o m.safetensors --quiet", 0, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        expect(bad[i].command, bad[i].code, NULL, bad[i].message);
}
END_TEST

Suite *predict_suite(void) {
    Suite *s = suite_create("predict");
    TCase *c = tcase_create("predict");
    tcase_add_unchecked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 240);
    tcase_add_loop_test(c, says_what_the_cell_stored, 0, (int)ARRAY_LEN(variants));
    tcase_add_test(c, frozen_steps_come_from_the_file);
    tcase_add_test(c, lines_and_classes);
    tcase_add_test(c, bad_input);
    suite_add_tcase(s, c);
    return s;
}
