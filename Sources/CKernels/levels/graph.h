// Sums over the edges that end in a node, always in edge order; see include/CKernels.h for the parameters.

// y[i, k] = Σ over the edges j of node i of w[j, k] x[source[j], k], per head k of `width` columns
void K(gather_sum)(
    const float *x, const int32_t *source, const float *w, const int32_t *offsets, float *y, long nodes,
    long heads, long width) {
    long columns = heads * width;
    for (long i = 0; i < nodes; i++) {
        float *to = y + i * columns;
        memset(to, 0, (size_t)columns * 4);
        for (long j = offsets[i]; j < offsets[i + 1]; j++)
            for (long k = 0; k < heads; k++)
                add_scaled(to + k * width, x + source[j] * columns + k * width, w[j * heads + k], width);
    }
}
void K(gather_sum_backward)(
    const float *x, const int32_t *source, const float *w, const int32_t *offsets, const float *dy, float *dx,
    float *dw, long nodes, long heads, long width) {
    long columns = heads * width;
    for (long i = 0; i < nodes; i++)
        for (long j = offsets[i]; j < offsets[i + 1]; j++)
            for (long k = 0; k < heads; k++) {
                const float *d = dy + i * columns + k * width;
                long at = source[j] * columns + k * width;
                if (dw) dw[j * heads + k] = K(dot)(d, x + at, width);
                if (dx) add_scaled(dx + at, d, w[j * heads + k], width);
            }
}
