// C = A B: every element is one chain of multiply-adds over ascending k, whatever stands beside it.
long K(gemm_scratch)(long m, long n, long k) { return 16 * (k + 16); }
void K(gemm)(
    long m, long n, long k, ck_matrix a, ck_matrix b, const float *bias, float *c, long c_stride, int add,
    float *scratch) {
    for (long column = 0; column < n; column += LANES) {
        long width = n - column < LANES ? n - column : LANES;
        for (long j = 0; j < k; j++)
            for (long lane = 0; lane < LANES; lane++)
                scratch[j * LANES + lane]
                    = lane < width ? b.data[j * b.row_stride + (column + lane) * b.column_stride] : 0;
        vf start = bias ? load_part(bias + column, width, 0) : splat(0);
        for (long row = 0; row < m; row++) {
            const float *x = a.data + row * a.row_stride;
            float *y = c + row * c_stride + column;
            vf total = add ? load_part(y, width, 0) + start : start;
            for (long j = 0; j < k; j++) total = fma_(splat(x[j * a.column_stride]), load(scratch + j * LANES), total);
            store_part(y, total, width);
        }
    }
}
