#pragma once
#include <stdint.h>

/// Numeric kernels over plain `float` memory, compiled once per instruction level and chosen at run time.
///
/// Every kernel works on 16 lanes at a time at every level, incomplete ends included, so that an element's result does
/// not depend on its place; sums keep 16 partial sums that are folded 16 → 8 → 4 → 2 → 1. The AVX2, AVX-512 and NEON levels use
/// the same fused multiply-adds in the same order and give the same bits; the baseline x86 level has none and differs.

/// What a random number is a function of: key, then the three upper counter words of Philox 4x32-10.
typedef struct {
    uint32_t key0, key1, step, rank, layer;
} ck_random;

/// Elementwise functions with derivatives.
enum ck_activation {
    CK_RELU, CK_GELU, CK_SILU, CK_TANH, CK_SIGMOID, CK_ELU, CK_LEAKY_RELU, CK_SOFTPLUS
};

/// How two numbers are compared.
enum ck_comparison {
    CK_LESS, CK_LESS_OR_EQUAL, CK_EQUAL, CK_NOT_EQUAL, CK_GREATER_OR_EQUAL, CK_GREATER
};

/// One matrix operand: element (row, column) stands at `data[row * row_stride + column * column_stride]`.
typedef struct {
    const float *data;
    long row_stride, column_stride;
} ck_matrix;

/// Images one after another, rows of pixels `stride` floats apart, with zeros before their first row and column.
typedef struct {
    long images, height, width, before_rows, before_columns, x_stride;
    long out_height, out_width, y_stride;
} ck_image_sizes;

/// A line of inputs among rows, and its outputs among theirs; a list of them ends with one whose `outputs` are negative.
typedef struct {
    long row, length, output_row, outputs;
} ck_line;

/// Tiles that Winograd's transform takes together: their 36 matrices stay in the second-level cache.
enum { CK_WINOGRAD_TILES = 48 };

/// One pass of Adam: plain numbers with the step's bias corrections in them.
typedef struct {
    float gradient_scale, coupled_decay, shrink, gain1, beta2, gain2, inverse_root2, epsilon, step_size;
} ck_adam_rule;

/// One pass of stochastic gradient descent.
typedef struct {
    float gradient_scale, decay, momentum, step_size;
    int nesterov, first;
} ck_sgd_rule;

/// One pass of RMSprop.
typedef struct {
    float gradient_scale, decay, alpha, gain, epsilon, momentum, step_size;
} ck_rmsprop_rule;

/// One pass of Adagrad; step_size has the rate's decay in it.
typedef struct {
    float gradient_scale, decay, epsilon, step_size;
} ck_adagrad_rule;

/// Every kernel: return type, name, parameters, arguments. `add` != 0 adds to the output instead of overwriting it.
#define CK_FUNCTIONS(X) \
    /* y = f(x) */ \
    X(void, exp, (const float *x, float *y, long n), (x, y, n)) \
    X(void, log, (const float *x, float *y, long n), (x, y, n)) \
    X(void, log1p, (const float *x, float *y, long n), (x, y, n)) \
    X(void, tanh, (const float *x, float *y, long n), (x, y, n)) \
    X(void, sigmoid, (const float *x, float *y, long n), (x, y, n)) \
    X(void, erf, (const float *x, float *y, long n), (x, y, n)) \
    X(void, activation, (int kind, const float *x, float *y, long n), (kind, x, y, n)) \
    /* dx (+)= dy f'(x), y = f(x) */ \
    X(void, activation_backward, \
        (int kind, const float *x, const float *y, const float *dy, float *dx, long n, int add), \
        (kind, x, y, dy, dx, n, add)) \
    /* z (+)= alpha a + beta b; z (+)= a b; z (+)= alpha a */ \
    X(void, combine, (float alpha, const float *a, float beta, const float *b, float *z, long n, int add), \
        (alpha, a, beta, b, z, n, add)) \
    X(void, multiply, (const float *a, const float *b, float *z, long n, int add), (a, b, z, n, add)) \
    X(void, scale, (float alpha, const float *a, float *z, long n, int add), (alpha, a, z, n, add)) \
    /* rows: y = x + v; v += column sums of x, in row order; sum += Σ x */ \
    X(void, add_row, (const float *x, const float *v, float *y, long rows, long columns), \
        (x, v, y, rows, columns)) \
    X(void, sum_rows, (const float *x, long x_stride, float *v, long rows, long columns), \
        (x, x_stride, v, rows, columns)) \
    X(float, sum, (const float *x, long n), (x, n)) \
    X(float, dot, (const float *x, const float *y, long n), (x, y, n)) \
    X(double, sum_of_squares, (const float *x, long n), (x, n)) \
    X(long, first_nonfinite, (const float *x, long n), (x, n)) \
    /* y (+)= w[row] x, row by row; w[row] (+)= x · y */ \
    X(void, scale_rows, (const float *x, const float *w, float *y, long rows, long columns, int add), \
        (x, w, y, rows, columns, add)) \
    X(void, dot_rows, (const float *x, const float *y, float *w, long rows, long columns, int add), \
        (x, y, w, rows, columns, add)) \
    /* softmax and log-softmax of every row with their pullbacks */ \
    X(void, softmax_rows, (const float *x, float *y, long rows, long columns), (x, y, rows, columns)) \
    X(void, softmax_rows_backward, \
        (const float *y, const float *dy, float *dx, long rows, long columns, float factor, int add), \
        (y, dy, dx, rows, columns, factor, add)) \
    X(void, log_softmax_rows, (const float *x, float *y, long rows, long columns), (x, y, rows, columns)) \
    X(void, log_softmax_rows_backward, \
        (const float *y, const float *dy, float *dx, long rows, long columns, int add), \
        (y, dy, dx, rows, columns, add)) \
    /* layer norm: statistics[2 row] = mean, [2 row + 1] = 1 / deviation */ \
    X(void, layer_norm, \
        (const float *x, const float *w, const float *b, float epsilon, float *y, float *statistics, \
            long rows, long columns), \
        (x, w, b, epsilon, y, statistics, rows, columns)) \
    X(void, layer_norm_backward, \
        (const float *x, const float *w, const float *statistics, const float *dy, float *dx, float *dw, \
            float *db, long rows, long columns, int add), \
        (x, w, statistics, dy, dx, dw, db, rows, columns, add)) \
    /* y = x m / (1 - p) with m kept (1 byte per element), element i uses random word i */ \
    X(void, dropout, (ck_random key, float p, const float *x, float *y, uint8_t *kept, long n), \
        (key, p, x, y, kept, n)) \
    X(void, dropout_backward, (float factor, const uint8_t *kept, const float *dy, float *dx, long n, int add), \
        (factor, kept, dy, dx, n, add)) \
    X(void, random_words, (ck_random key, uint32_t *words, long n), (key, words, n)) \
    /* table rows by index, index 0 = nothing; negative index = nothing */ \
    X(void, embed, (const float *table, const int32_t *index, float *y, long n, long columns), \
        (table, index, y, n, columns)) \
    X(void, embed_segments, \
        (const float *table, const int32_t *index, const int32_t *offsets, float *y, long segments, \
            long columns, int mean), \
        (table, index, offsets, y, segments, columns, mean)) \
    X(void, embed_segments_backward, \
        (float *dtable, const int32_t *index, const int32_t *offsets, const float *dy, long segments, \
            long columns, int mean), \
        (dtable, index, offsets, dy, segments, columns, mean)) \
    X(void, gather_rows, \
        (const float *x, long x_stride, const int32_t *row, float *y, long y_stride, long n, long columns), \
        (x, x_stride, row, y, y_stride, n, columns)) \
    X(void, scatter_add_rows, \
        (const float *dy, long dy_stride, const int32_t *row, float *dx, long dx_stride, long n, long columns), \
        (dy, dy_stride, row, dx, dx_stride, n, columns)) \
    /* sums over the rows of segments: weights NULL = 1 */ \
    X(void, segment_sum, \
        (const float *x, const float *weights, const int32_t *offsets, float *y, long segments, long columns), \
        (x, weights, offsets, y, segments, columns)) \
    X(void, segment_sum_backward, \
        (const float *dy, const float *weights, const int32_t *offsets, float *dx, long segments, long columns, \
            int add), \
        (dy, weights, offsets, dx, segments, columns, add)) \
    X(void, segment_softmax, (const float *x, const int32_t *offsets, float *y, long segments, long columns), \
        (x, offsets, y, segments, columns)) \
    X(void, segment_softmax_backward, \
        (const float *y, const float *dy, const int32_t *offsets, float *dx, long segments, long columns, int add), \
        (y, dy, offsets, dx, segments, columns, add)) \
    X(void, segment_log_softmax, \
        (const float *x, const int32_t *offsets, float *y, long segments, long columns), \
        (x, offsets, y, segments, columns)) \
    X(void, segment_log_softmax_backward, \
        (const float *y, const float *dy, const int32_t *offsets, float *dx, long segments, long columns, int add), \
        (y, dy, offsets, dx, segments, columns, add)) \
    /* the row of each segment where sign x is largest, per column: the first one, NaN before all; empty: -1 */ \
    X(void, segment_largest, \
        (const float *x, float sign, const int32_t *offsets, int32_t *row, long segments, long columns), \
        (x, sign, offsets, row, segments, columns)) \
    /* sums over the edges of each node (edge j: from row source[j], to node i with offsets[i] <= j < offsets[i + 1]) */ \
    X(void, gather_sum, \
        (const float *x, const int32_t *source, const float *w, const int32_t *offsets, float *y, long nodes, \
            long heads, long width), \
        (x, source, w, offsets, y, nodes, heads, width)) \
    /* dx += Σ w dy, dw = dy · x per edge and head; either may be NULL */ \
    X(void, gather_sum_backward, \
        (const float *x, const int32_t *source, const float *w, const int32_t *offsets, const float *dy, float *dx, \
            float *dw, long nodes, long heads, long width), \
        (x, source, w, offsets, dy, dx, dw, nodes, heads, width)) \
    /* columns of each row's first `count` elements in order, NaN the largest; scratch: 2 columns words; see selection.h */ \
    X(void, rank_rows, \
        (const float *x, long rows, long columns, long count, int descending, uint64_t *scratch, int32_t *place), \
        (x, rows, columns, count, descending, scratch, place)) \
    X(void, row_largest, (const float *x, float sign, int32_t *place, long rows, long columns), \
        (x, sign, place, rows, columns)) \
    X(void, gather_columns, \
        (const float *x, const int32_t *place, float *y, long rows, long columns, long count), \
        (x, place, y, rows, columns, count)) \
    X(void, scatter_columns, \
        (const float *dy, const int32_t *place, float *dx, long rows, long columns, long count), \
        (dy, place, dx, rows, columns, count)) \
    X(void, pick_rows, (const float *x, const int32_t *row, float *y, long rows, long columns), \
        (x, row, y, rows, columns)) \
    /* masks of bytes 0 and 1 */ \
    X(void, compare, (int kind, const float *a, const float *b, uint8_t *y, long n), (kind, a, b, y, n)) \
    X(void, compare_number, (int kind, const float *a, float b, uint8_t *y, long n), (kind, a, b, y, n)) \
    X(void, leads, (const float *a, float sign, const float *b, uint8_t *y, long n), (a, sign, b, y, n)) \
    X(void, choose, (const uint8_t *mask, const float *a, const float *b, float *y, long n), (mask, a, b, y, n)) \
    X(void, choose_or, (const uint8_t *mask, const float *a, float other, float *y, long n), (mask, a, other, y, n)) \
    X(void, choose_backward, (const uint8_t *mask, int chosen, const float *dy, float *dx, long n, int add), \
        (mask, chosen, dy, dx, n, add)) \
    X(void, spread_rows, (const float *w, float factor, float *y, long rows, long columns, int add), \
        (w, factor, y, rows, columns, add)) \
    X(void, sparsemax_rows, (const float *x, float *y, long rows, long columns), (x, y, rows, columns)) \
    X(void, sparsemax_rows_backward, \
        (const float *y, const float *dy, float *dx, long rows, long columns, int add), \
        (y, dy, dx, rows, columns, add)) \
    X(void, hinge, \
        (const float *z, const float *t, float margin, float *loss, float *dz, long rows, long columns), \
        (z, t, margin, loss, dz, rows, columns)) \
    X(void, multilabel_margin, (const float *z, const float *t, float *loss, float *dz, long rows, long columns), \
        (z, t, loss, dz, rows, columns)) \
    X(void, magnitude, (const float *x, float *y, long rows, long half), (x, y, rows, half)) \
    X(void, magnitude_backward, \
        (const float *x, const float *y, const float *dy, float *dx, long rows, long half), \
        (x, y, dy, dx, rows, half)) \
    /* the selective scan; see scan.h */ \
    X(void, scan_decays, \
        (const float *delta, const float *a, float *decay, long steps, long channels, long states), \
        (delta, a, decay, steps, channels, states)) \
    X(void, scan, \
        (const float *x, const float *delta, const float *decay, const float *b, const float *c, const float *skip, \
            const int32_t *offsets, float *h, float *y, long segments, long channels, long states), \
        (x, delta, decay, b, c, skip, offsets, h, y, segments, channels, states)) \
    X(void, scan_backward, \
        (const float *x, const float *delta, const float *a, const float *decay, const float *b, const float *c, \
            const float *skip, const float *h, const float *dy, const int32_t *offsets, float *dx, float *ddelta, \
            float *da, float *db, float *dc, float *dskip, float *carry, long segments, long channels, long states), \
        (x, delta, a, decay, b, c, skip, h, dy, offsets, dx, ddelta, da, db, dc, dskip, carry, segments, channels, \
            states)) \
    /* one time step of recurrent layers on `rows` active samples; see recurrent.h */ \
    X(void, gru_step, \
        (float *gates, long gate_stride, const float *hidden, const float *h, float *next, long state_stride, \
            long keep, float *out, long out_stride, const int32_t *out_row, int saves, long rows, long width), \
        (gates, gate_stride, hidden, h, next, state_stride, keep, out, out_stride, out_row, saves, rows, width)) \
    X(void, gru_step_backward, \
        (const float *dout, long out_stride, const int32_t *out_row, const float *carried, long carried_rows, \
            const float *h, long state_stride, float *gates, long gate_stride, float *dh, long rows, long width), \
        (dout, out_stride, out_row, carried, carried_rows, h, state_stride, gates, gate_stride, dh, rows, width)) \
    X(void, lstm_step, \
        (float *gates, long gate_stride, const float *c, float *next_h, float *next_c, long state_stride, long keep, \
            float *out, long out_stride, const int32_t *out_row, int saves, long rows, long width), \
        (gates, gate_stride, c, next_h, next_c, state_stride, keep, out, out_stride, out_row, saves, rows, width)) \
    X(void, lstm_step_backward, \
        (const float *dout, long out_stride, const int32_t *out_row, const float *carried_h, \
            const float *carried_c, long carried_rows, const float *c, long state_stride, float *gates, \
            long gate_stride, float *dc, long rows, long width), \
        (dout, out_stride, out_row, carried_h, carried_c, carried_rows, c, state_stride, gates, gate_stride, dc, \
            rows, width)) \
    X(void, elman_step, \
        (float *gates, long gate_stride, float *next, long state_stride, long keep, float *out, long out_stride, \
            const int32_t *out_row, int saves, long rows, long width), \
        (gates, gate_stride, next, state_stride, keep, out, out_stride, out_row, saves, rows, width)) \
    X(void, elman_step_backward, \
        (const float *dout, long out_stride, const int32_t *out_row, const float *carried, long carried_rows, \
            float *gates, long gate_stride, long rows, long width), \
        (dout, out_stride, out_row, carried, carried_rows, gates, gate_stride, rows, width)) \
    /* losses of rows: loss[row] = mean over columns; dz = its derivative */ \
    X(void, binary_cross_entropy, \
        (const float *z, const float *y, const float *positive, float *loss, float *dz, long rows, long columns), \
        (z, y, positive, loss, dz, rows, columns)) \
    /* one optimizer pass over n parameters */ \
    X(void, adam, (ck_adam_rule rule, float *p, const float *g, float *m, float *v, long n), (rule, p, g, m, v, n)) \
    X(void, sgd, (ck_sgd_rule rule, float *p, const float *g, float *velocity, long n), (rule, p, g, velocity, n)) \
    X(void, rmsprop, \
        (ck_rmsprop_rule rule, float *p, const float *g, float *square, float *mean, float *velocity, long n), \
        (rule, p, g, square, mean, velocity, n)) \
    X(void, adagrad, (ck_adagrad_rule rule, float *p, const float *g, float *sum, long n), (rule, p, g, sum, n)) \
    /* C[m,n] = A[m,k] B[k,n] (+ bias[n]) (+ C when add): every element is one chain of multiply-adds over ascending k */ \
    X(void, gemm, \
        (long m, long n, long k, ck_matrix a, ck_matrix b, const float *bias, float *c, long c_stride, int add), \
        (m, n, k, a, b, bias, c, c_stride, add)) \
    X(void, transpose, (const float *x, long x_stride, float *y, long y_stride, long rows, long columns), \
        (x, x_stride, y, y_stride, rows, columns)) \
    /* B[k,n] copied into the panels that `convolve` reads: k times n rounded up to 32 floats */ \
    X(void, pack_panels, (ck_matrix b, long k, long n, float *panels), (b, k, n, panels)) \
    /* convolution of one image without a copy of its windows, and the gradient of its weights; see convolution.h */ \
    X(void, convolve, \
        (const float *x, long row_step, long line_step, const long *tap, long taps, long depth, \
            const float *panels, long n, const float *bias, float *y, long y_stride, long width, long lines, int add), \
        (x, row_step, line_step, tap, taps, depth, panels, n, bias, y, y_stride, width, lines, add)) \
    X(void, convolve_weights, \
        (const float *dy, long dy_stride, long outputs, const float *x, long row_step, long line_step, \
            const long *tap, long taps, long channels, long width, long lines, float *dw), \
        (dy, dy_stride, outputs, x, row_step, line_step, tap, taps, channels, width, lines, dw)) \
    /* convolution by 3 x 3 windows with stride 1 in fewer products; see winograd.h */ \
    X(void, winograd_weights, (const float *w, long outputs, long channels, float *u), (w, outputs, channels, u)) \
    X(void, winograd_convolve, \
        (const float *x, ck_image_sizes sizes, long channels, const float *u, long outputs, const float *bias, \
            float *y, float *work, int add), \
        (x, sizes, channels, u, outputs, bias, y, work, add)) \
    X(void, winograd_line_weights, (const float *w, long outputs, long channels, float *u), (w, outputs, channels, u)) \
    X(void, winograd_lines, \
        (const float *x, long x_stride, const ck_line *lines, long before, long channels, const float *u, \
            long outputs, const float *bias, float *y, long y_stride, float *work, int add), \
        (x, x_stride, lines, before, channels, u, outputs, bias, y, y_stride, work, add)) \
    X(void, winograd_gradient, \
        (const float *x, ck_image_sizes sizes, long channels, const float *dy, long outputs, float *dw, float *du, \
            float *work), \
        (x, sizes, channels, dy, outputs, dw, du, work)) \
    /* windows of rows: window i holds row[offsets[i]..<offsets[i + 1]]; see pooling.h */ \
    X(void, max_pool, \
        (const float *x, const int32_t *offsets, const int32_t *row, float *y, int32_t *from, long n, long columns), \
        (x, offsets, row, y, from, n, columns)) \
    X(void, max_pool_backward, (const float *dy, const int32_t *from, float *dx, long n, long columns), \
        (dy, from, dx, n, columns)) \
    X(void, mean_pool, \
        (const float *x, const int32_t *offsets, const int32_t *row, const float *share, float *y, long n, \
            long columns), \
        (x, offsets, row, share, y, n, columns)) \
    X(void, mean_pool_backward, \
        (const float *dy, const int32_t *offsets, const int32_t *row, const float *share, float *dx, long n, \
            long columns), \
        (dy, offsets, row, share, dx, n, columns)) \
    /* per column, over the rows: mean and biased variance; y = (x - mean) scale + shift; sums of dy and of dy (x - mean) */ \
    X(void, column_moments, (const float *x, float *mean, float *variance, long rows, long columns), \
        (x, mean, variance, rows, columns)) \
    X(void, affine_rows, \
        (const float *x, const float *mean, const float *scale, const float *shift, float *y, long rows, \
            long columns), \
        (x, mean, scale, shift, y, rows, columns)) \
    X(void, column_products, \
        (const float *dy, const float *x, const float *mean, float *sum, float *product, long rows, long columns), \
        (dy, x, mean, sum, product, rows, columns)) \
    /* dx (+)= a dy + b (x - mean) + c, per column */ \
    X(void, affine_pair, \
        (const float *dy, const float *x, const float *mean, const float *a, const float *b, const float *c, \
            float *dx, long rows, long columns, int add), \
        (dy, x, mean, a, b, c, dx, rows, columns, add)) \
    /* the machine's limit: returns the operations done, see roof.h; *sum in [0, 1) at first */ \
    X(double, multiply_adds, (long rounds, float *sum), (rounds, sum))

#define CK_DECLARE(type, name, parameters, arguments) type ck_##name parameters;
CK_FUNCTIONS(CK_DECLARE)
#undef CK_DECLARE

/// Instruction levels; larger is faster.
enum ck_level {
    CK_BASELINE, CK_AVX2, CK_AVX512
};

/// Makes numbers below the smallest normal one zero on this thread, as inputs and as results, or not; returns what held before.
int ck_flush_subnormals(int flush);
/// The best level of this machine.
int ck_best_level(void);
/// The level in force; the best one at first.
int ck_level(void);
/// Puts a level (at most the best one) in force for the whole process, for tests; returns the one in force.
int ck_use_level(int level);
