/* The table of this instruction set and type of maps. */
#include "kernels/simd/entries.h"

extern const struct simd ISA(simd);
const struct simd ISA(simd) = {
    .map_bytes = sizeof(stored),
    .operand_bytes = sizeof(operand),
    .packed_floats = ISA(packed_floats),
    .pack = ISA(pack),
#ifndef PAIRED
    .scale_packed = ISA(scale_packed),
#endif
    .padded_places = ISA(padded_places),
    .padded_step = ISA(padded_step),
    .depthwise_padded = ISA(depthwise_padded),
    .multiply_rows = ISA(multiply_rows),
    .multiply_outer = ISA(multiply_outer),
    .depthwise_forward = ISA(depthwise_forward),
    .depthwise_grad = ISA(depthwise_grad),
    .activate_rows = ISA(activate_rows),
    .activate_map = ISA(activate_map),
    .activate_values = ISA(activate_values),
    .slope_values = ISA(slope_values),
    .sigmoid_values = ISA(sigmoid_values),
    .activate_sums = ISA(activate_sums),
    .norm_rows = ISA(norm_rows),
    .grad_sums = ISA(grad_sums),
    .grad_rows = ISA(grad_rows),
    .gate_rows = ISA(gate_rows),
    .pooled_sums = ISA(pooled_sums),
    .pooled_grad_rows = ISA(pooled_grad_rows),
    .slope_rows = ISA(slope_rows),
    .read_map = ISA(read_map),
    .write_map = ISA(write_map),
    .to_operands = ISA(to_operands),
    .add_map = ISA(add_map),
};
