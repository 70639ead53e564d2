// Embedding tables, gathers and sums over segments of rows; always in row order.
INLINE void add_to(float *y, const float *x, long n) {
    EACH(n, store(y + i, load(y + i) + load(x + i));,
        store_part(y + i, load_part(y + i, rest, 0) + load_part(x + i, rest, 0), rest);)
}
INLINE void add_scaled(float *y, const float *x, float w, long n) {
    EACH(n, store(y + i, fma_(splat(w), load(x + i), load(y + i)));,
        store_part(y + i, fma_(splat(w), load_part(x + i, rest, 0), load_part(y + i, rest, 0)), rest);)
}
void K(embed)(const float *table, const int32_t *index, float *y, long n, long columns) {
    for (long r = 0; r < n; r++) {
        if (index[r] > 0) memcpy(y + r * columns, table + index[r] * columns, (size_t)columns * 4);
        else memset(y + r * columns, 0, (size_t)columns * 4);
    }
}
INLINE float embedding_share(const int32_t *index, long from, long to, int mean) {
    if (!mean) return 1;
    long count = 0;
    for (long j = from; j < to; j++) count += index[j] > 0;
    return count > 0 ? 1.0f / (float)count : 0.0f;
}
void K(embed_segments)(
    const float *table, const int32_t *index, const int32_t *offsets, float *y, long segments, long columns,
    int mean) {
    for (long s = 0; s < segments; s++) {
        float *row = y + s * columns;
        memset(row, 0, (size_t)columns * 4);
        for (long j = offsets[s]; j < offsets[s + 1]; j++)
            if (index[j] > 0) add_to(row, table + index[j] * columns, columns);
        if (mean) K(scale)(embedding_share(index, offsets[s], offsets[s + 1], 1), row, row, columns, 0);
    }
}
void K(embed_segments_backward)(
    float *dtable, const int32_t *index, const int32_t *offsets, const float *dy, long segments, long columns,
    int mean) {
    for (long s = 0; s < segments; s++) {
        float share = embedding_share(index, offsets[s], offsets[s + 1], mean);
        for (long j = offsets[s]; j < offsets[s + 1]; j++)
            if (index[j] > 0) add_scaled(dtable + index[j] * columns, dy + s * columns, share, columns);
    }
}
void K(gather_rows)(
    const float *x, long x_stride, const int32_t *row, float *y, long y_stride, long n, long columns) {
    for (long r = 0; r < n; r++) {
        if (row[r] >= 0) memcpy(y + r * y_stride, x + row[r] * x_stride, (size_t)columns * 4);
        else memset(y + r * y_stride, 0, (size_t)columns * 4);
    }
}
void K(scatter_add_rows)(
    const float *dy, long dy_stride, const int32_t *row, float *dx, long dx_stride, long n, long columns) {
    for (long r = 0; r < n; r++)
        if (row[r] >= 0) add_to(dx + row[r] * dx_stride, dy + r * dy_stride, columns);
}
void K(segment_sum)(
    const float *x, const float *weights, const int32_t *offsets, float *y, long segments, long columns) {
    for (long s = 0; s < segments; s++) {
        float *row = y + s * columns;
        memset(row, 0, (size_t)columns * 4);
        for (long j = offsets[s]; j < offsets[s + 1]; j++) {
            if (weights) add_scaled(row, x + j * columns, weights[j], columns);
            else add_to(row, x + j * columns, columns);
        }
    }
}
void K(segment_sum_backward)(
    const float *dy, const float *weights, const int32_t *offsets, float *dx, long segments, long columns,
    int add) {
    for (long s = 0; s < segments; s++)
        for (long j = offsets[s]; j < offsets[s + 1]; j++)
            K(scale)(weights ? weights[j] : 1.0f, dy + s * columns, dx + j * columns, columns, add);
}
void K(segment_softmax)(const float *x, const int32_t *offsets, float *y, long segments, long columns) {
    for (long s = 0; s < segments; s++) {
        long from = offsets[s], to = offsets[s + 1];
        if (columns == 1) {
            if (to > from) K(softmax_rows)(x + from, y + from, 1, to - from);
            continue;
        }
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES;
            vf top = splat(-INFINITY), total = splat(0);
            for (long j = from; j < to; j++) top = max_(load_part(x + j * columns + c, n, 0), top);
            for (long j = from; j < to; j++) {
                vf e = share_(load_part(x + j * columns + c, n, 0) - top);
                store_part(y + j * columns + c, e, n);
                total += e;
            }
            vf inverse = 1.0f / total;
            for (long j = from; j < to; j++)
                store_part(y + j * columns + c, load_part(y + j * columns + c, n, 0) * inverse, n);
        }
    }
}
void K(segment_softmax_backward)(
    const float *y, const float *dy, const int32_t *offsets, float *dx, long segments, long columns, int add) {
    for (long s = 0; s < segments; s++) {
        long from = offsets[s], to = offsets[s + 1];
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES;
            vf inner = splat(0);
            for (long j = from; j < to; j++)
                inner = fma_(load_part(y + j * columns + c, n, 0), load_part(dy + j * columns + c, n, 0), inner);
            for (long j = from; j < to; j++) {
                long at = j * columns + c;
                put_part(dx + at, load_part(y + at, n, 0) * (load_part(dy + at, n, 0) - inner), n, add);
            }
        }
    }
}
void K(segment_log_softmax)(const float *x, const int32_t *offsets, float *y, long segments, long columns) {
    for (long s = 0; s < segments; s++) {
        long from = offsets[s], to = offsets[s + 1];
        if (columns == 1) {
            if (to > from) K(log_softmax_rows)(x + from, y + from, 1, to - from);
            continue;
        }
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES;
            vf top = splat(-INFINITY), total = splat(0);
            for (long j = from; j < to; j++) top = max_(load_part(x + j * columns + c, n, 0), top);
            for (long j = from; j < to; j++) total += share_(load_part(x + j * columns + c, n, 0) - top);
            vf logarithm = log_(total);
            for (long j = from; j < to; j++)
                store_part(y + j * columns + c, load_part(x + j * columns + c, n, 0) - top - logarithm, n);
        }
    }
}
void K(segment_log_softmax_backward)(
    const float *y, const float *dy, const int32_t *offsets, float *dx, long segments, long columns, int add) {
    for (long s = 0; s < segments; s++) {
        long from = offsets[s], to = offsets[s + 1];
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES;
            vf total = splat(0);
            for (long j = from; j < to; j++) total += load_part(dy + j * columns + c, n, 0);
            for (long j = from; j < to; j++) {
                long at = j * columns + c;
                vf share = exp_(load_part(y + at, n, 0));
                put_part(dx + at, fma_(-share, total, load_part(dy + at, n, 0)), n, add);
            }
        }
    }
}
void K(segment_largest)(
    const float *x, float sign, const int32_t *offsets, int32_t *row, long segments, long columns) {
    for (long s = 0; s < segments; s++) {
        long from = offsets[s], to = offsets[s + 1];
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES;
            vf top = splat(-INFINITY);
            vi place = (vi)(int32_t)(to > from ? from : -1);
            for (long j = from; j < to; j++) {
                vf v = sign * load_part(x + j * columns + c, n, 0);
                vi better = (v > top) | ((v != v) & (top == top));
                top = select_(better, v, top);
                place = (better & (int32_t)j) | (place & ~better);
            }
            for (long i = 0; i < n; i++) row[s * columns + c + i] = place[i];
        }
    }
}
