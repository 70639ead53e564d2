// Pooling over windows of rows: window i holds the rows row[offsets[i]..<offsets[i + 1]] of x, in that order.

// The largest value of each column (the first of equals; NaN wins) and the row it came from; an empty window gives 0, -1.
void K(max_pool)(
    const float *x, const int32_t *offsets, const int32_t *row, float *y, int32_t *from, long n, long columns) {
    for (long w = 0; w < n; w++)
        for (long c = 0; c < columns; c += LANES) {
            long count = least(columns - c, LANES);
            vf top = splat(offsets[w] < offsets[w + 1] ? -INFINITY : 0);
            vi place = (vi)(offsets[w] < offsets[w + 1] ? row[offsets[w]] : -1);
            for (long j = offsets[w]; j < offsets[w + 1]; j++) {
                const float *a = x + row[j] * columns + c;
                vf v = count == LANES ? load(a) : load_part(a, count, 0);
                vi wins = (v > top) | ((v != v) & (top == top));
                top = select_(wins, v, top);
                place = ((vi)(row[j]) & wins) | (place & ~wins);
            }
            int32_t lane[LANES];
            memcpy(lane, &place, sizeof lane);
            memcpy(from + w * columns + c, lane, (size_t)count * 4);
            if (count == LANES) store(y + w * columns + c, top);
            else store_part(y + w * columns + c, top, count);
        }
}
void K(max_pool_backward)(const float *dy, const int32_t *from, float *dx, long n, long columns) {
    for (long w = 0; w < n; w++)
        for (long c = 0; c < columns; c++) {
            long at = w * columns + c;
            if (from[at] >= 0) dx[from[at] * columns + c] += dy[at];
        }
}

// y = share[i] Σ x
void K(mean_pool)(
    const float *x, const int32_t *offsets, const int32_t *row, const float *share, float *y, long n,
    long columns) {
    for (long w = 0; w < n; w++) {
        float *to = y + w * columns;
        memset(to, 0, (size_t)columns * 4);
        for (long j = offsets[w]; j < offsets[w + 1]; j++) add_to(to, x + row[j] * columns, columns);
        K(scale)(share[w], to, to, columns, 0);
    }
}
void K(mean_pool_backward)(
    const float *dy, const int32_t *offsets, const int32_t *row, const float *share, float *dx, long n,
    long columns) {
    for (long w = 0; w < n; w++)
        for (long j = offsets[w]; j < offsets[w + 1]; j++)
            add_scaled(dx + row[j] * columns, dy + w * columns, share[w], columns);
}
