// Statistics down the columns of a matrix, in blocks of rows: block sums in row order, then the blocks in order in double.
#define MOMENT_ROWS 128

void K(column_moments)(const float *x, float *mean, float *variance, long rows, long columns) {
    for (long c = 0; c < columns; c += LANES) {
        long n = least(columns - c, LANES);
        double total[LANES] = {0}, squares[LANES] = {0};
        float lane[LANES], center[LANES] = {0};
        for (int pass = 0; pass < 2; pass++) {
            vf middle = load(center);
            for (long start = 0; start < rows; start += MOMENT_ROWS) {
                long end = least(start + MOMENT_ROWS, rows);
                vf sum = splat(0);
                for (long r = start; r < end; r++) {
                    const float *a = x + r * columns + c;
                    vf d = (n == LANES ? load(a) : load_part(a, n, 0)) - middle;
                    sum = pass ? fma_(d, d, sum) : sum + d;
                }
                store(lane, sum);
                for (long i = 0; i < n; i++) (pass ? squares : total)[i] += lane[i];
            }
            for (long i = 0; i < n && !pass; i++) center[i] = (float)(total[i] / (double)rows);
        }
        memcpy(mean + c, center, (size_t)n * 4);
        for (long i = 0; i < n; i++) variance[c + i] = (float)(squares[i] / (double)rows);
    }
}
void K(affine_rows)(
    const float *x, const float *mean, const float *scale, const float *shift, float *y, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        float *b = y + r * columns;
        EACH(columns, store(b + i, fma_(load(a + i) - load(mean + i), load(scale + i), load(shift + i)));,
            store_part(b + i, fma_(load_part(a + i, rest, 0) - load_part(mean + i, rest, 0),
                load_part(scale + i, rest, 0), load_part(shift + i, rest, 0)), rest);)
    }
}
void K(column_products)(
    const float *dy, const float *x, const float *mean, float *sum, float *product, long rows, long columns) {
    for (long c = 0; c < columns; c += LANES) {
        long n = least(columns - c, LANES);
        double sums[LANES] = {0}, products[LANES] = {0};
        float lane[LANES];
        vf middle = load_part(mean + c, n, 0);
        for (long start = 0; start < rows; start += MOMENT_ROWS) {
            long end = least(start + MOMENT_ROWS, rows);
            vf first = splat(0), second = splat(0);
            for (long r = start; r < end; r++) {
                long at = r * columns + c;
                vf d = n == LANES ? load(dy + at) : load_part(dy + at, n, 0);
                vf v = (n == LANES ? load(x + at) : load_part(x + at, n, 0)) - middle;
                first += d;
                second = fma_(d, v, second);
            }
            store(lane, first);
            for (long i = 0; i < n; i++) sums[i] += lane[i];
            store(lane, second);
            for (long i = 0; i < n; i++) products[i] += lane[i];
        }
        for (long i = 0; i < n; i++) {
            sum[c + i] = (float)sums[i];
            product[c + i] = (float)products[i];
        }
    }
}
void K(affine_pair)(
    const float *dy, const float *x, const float *mean, const float *a, const float *b, const float *c, float *dx,
    long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) {
        const float *d = dy + r * columns, *v = x + r * columns;
        float *to = dx + r * columns;
        EACH(columns,
            put(to + i, fma_(load(a + i), load(d + i), fma_(load(b + i), load(v + i) - load(mean + i), load(c + i))), add);,
            vf inner = fma_(load_part(b + i, rest, 0), load_part(v + i, rest, 0) - load_part(mean + i, rest, 0),
                load_part(c + i, rest, 0));
            put_part(to + i, fma_(load_part(a + i, rest, 0), load_part(d + i, rest, 0), inner), rest, add);)
    }
}
