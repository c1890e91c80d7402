/* What the files of this folder give to the table (simd.h says what each computes). */
#ifndef KERNELS_SIMD_ENTRIES_H
#define KERNELS_SIMD_ENTRIES_H

#include "kernels/simd.h"
#include "kernels/simd/vec.h"

size_t ISA(packed_floats)(int k, int n);
void ISA(pack)(int k, int n, const float *b, size_t step_k, size_t step_n, float *packed);
void ISA(scale_packed)(int k, int n, const float *packed, const float *factor, float *scaled);
int ISA(padded_places)(const struct depthwise *d);
int ISA(padded_step)(const struct depthwise *d, int channel);
void ISA(depthwise_padded)(const struct depthwise *d, const struct depthwise_forward *f,
    int channel, const float *rows, size_t row_floats, float *scratch);
void ISA(multiply_rows)(const struct product *p);
void ISA(multiply_outer)(const struct outer *p);
void ISA(depthwise_forward)(
    const struct depthwise *d, const struct depthwise_forward *f, float *scratch);
void ISA(depthwise_grad)(const struct depthwise *d, const struct depthwise_grad *g, float *scratch);
void ISA(activate_rows)(const struct map *m, const float *gate, void *out);
void ISA(activate_map)(const struct map *m, void *out);
void ISA(activate_values)(enum activation activation, size_t n, const float *x, float *out);
void ISA(slope_values)(enum activation activation, size_t n, const float *x, float *grad);
void ISA(sigmoid_values)(size_t n, const float *x, float *out);
void ISA(activate_sums)(const struct map *m, float *sums);
void ISA(norm_rows)(const struct map *m, float factor, const void *plus, void *out);
void ISA(grad_sums)(
    const struct map *m, const void *grad, float factor, float *sums, float *products);
void ISA(grad_rows)(const struct map *m, const void *grad, float factor, void *out);
void ISA(gate_rows)(
    const struct map *m, const struct gate_sums *s, const void *grad, const float *gate, void *out);
void ISA(pooled_sums)(const struct map *m, const float *grad, float *sums, float *products);
void ISA(pooled_grad_rows)(const struct map *m, const float *grad, void *out);
void ISA(slope_rows)(const struct map *m, void *grad, float *sums, float *products);
void ISA(read_map)(size_t n, const void *map, float *values);
void ISA(write_map)(size_t n, const float *values, void *map);
void ISA(to_operands)(size_t n, const float *values, void *operands);
void ISA(add_map)(size_t n, const void *map, void *to);

#endif
