// Kernels over the rows of a matrix; a row's result depends on that row and the number of columns alone.
void K(add_row)(const float *x, const float *v, float *y, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        float *b = y + r * columns;
        EACH(columns, store(b + i, load(a + i) + load(v + i));,
            store_part(b + i, load_part(a + i, rest, 0) + load_part(v + i, rest, 0), rest);)
    }
}
void K(sum_rows)(const float *x, long x_stride, float *v, long rows, long columns) {
    long r = 0;
    for (; r + 4 <= rows; r += 4) {
        const float *a = x + r * x_stride, *b = a + x_stride, *c = b + x_stride, *d = c + x_stride;
        EACH(columns, store(v + i, (((load(v + i) + load(a + i)) + load(b + i)) + load(c + i)) + load(d + i));,
            store_part(v + i,
                (((load_part(v + i, rest, 0) + load_part(a + i, rest, 0)) + load_part(b + i, rest, 0))
                    + load_part(c + i, rest, 0)) + load_part(d + i, rest, 0), rest);)
    }
    for (; r < rows; r++) {
        const float *a = x + r * x_stride;
        EACH(columns, store(v + i, load(v + i) + load(a + i));,
            store_part(v + i, load_part(v + i, rest, 0) + load_part(a + i, rest, 0), rest);)
    }
}
void K(scale_rows)(const float *x, const float *w, float *y, long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) K(scale)(w[r], x + r * columns, y + r * columns, columns, add);
}
void K(dot_rows)(const float *x, const float *y, float *w, long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) {
        float value = K(dot)(x + r * columns, y + r * columns, columns);
        w[r] = add ? w[r] + value : value;
    }
}

INLINE float row_max(const float *x, long n) {
    vf top = splat(-INFINITY);
    EACH(n, top = max_(load(x + i), top);, top = max_(load_part(x + i, rest, -INFINITY), top);)
    return fold_max(top);
}

// One row of up to `vectors` * 16 columns, which stays in registers.
INLINE void softmax_short(const float *x, float *y, long columns, const int vectors) {
    vf lines[4], top = splat(-INFINITY), total = splat(0);
    long last = (vectors - 1) * LANES;
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++) {
        lines[i] = i < vectors - 1 ? load(x + i * LANES) : load_part(x + last, columns - last, -INFINITY);
        top = max_(lines[i], top);
    }
    vf highest = splat(fold_max(top));
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++) total += lines[i] = share_(lines[i] - highest);
    float factor = 1.0f / fold_sum(total);
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors - 1; i++) store(y + i * LANES, factor * lines[i]);
    store_part(y + last, factor * lines[vectors - 1], columns - last);
}
void K(softmax_rows)(const float *x, float *y, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        float *b = y + r * columns;
        switch ((columns + LANES - 1) / LANES) {
        case 1: softmax_short(a, b, columns, 1); continue;
        case 2: softmax_short(a, b, columns, 2); continue;
        case 3: softmax_short(a, b, columns, 3); continue;
        case 4: softmax_short(a, b, columns, 4); continue;
        }
        float top = row_max(a, columns);
        vf total = splat(0);
        EACH(columns, vf e = share_(load(a + i) - top); store(b + i, e); total += e;,
            vf e = share_(load_part(a + i, rest, -INFINITY) - top); store_part(b + i, e, rest); total += e;)
        K(scale)(1.0f / fold_sum(total), b, b, columns, 0);
    }
}
void K(softmax_rows_backward)(
    const float *y, const float *dy, float *dx, long rows, long columns, float factor, int add) {
    for (long r = 0; r < rows; r++) {
        const float *a = y + r * columns, *d = dy + r * columns;
        float *b = dx + r * columns;
        float inner = K(dot)(a, d, columns);
        EACH(columns, put(b + i, load(a + i) * (load(d + i) - inner) * factor, add);,
            put_part(b + i, load_part(a + i, rest, 0) * (load_part(d + i, rest, 0) - inner) * factor, rest, add);)
    }
}
void K(log_softmax_rows)(const float *x, float *y, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        float *b = y + r * columns;
        float top = row_max(a, columns), norm;
        vf total = splat(0);
        { EACH(columns, total += share_(load(a + i) - top);,
            total += share_(load_part(a + i, rest, -INFINITY) - top);) }
        norm = log_(splat(fold_sum(total)))[0];
        EACH(columns, store(b + i, load(a + i) - top - norm);,
            store_part(b + i, load_part(a + i, rest, 0) - top - norm, rest);)
    }
}
void K(log_softmax_rows_backward)(
    const float *y, const float *dy, float *dx, long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) {
        const float *a = y + r * columns, *d = dy + r * columns;
        float *b = dx + r * columns;
        float total = K(sum)(d, columns);
        EACH(columns, put(b + i, load(d + i) - exp_(load(a + i)) * total, add);,
            put_part(b + i, load_part(d + i, rest, 0) - exp_(load_part(a + i, rest, 0)) * total, rest, add);)
    }
}

void K(layer_norm)(
    const float *x, const float *w, const float *b, float epsilon, float *y, float *statistics, long rows,
    long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        float *z = y + r * columns;
        float mean = K(sum)(a, columns) / (float)columns;
        vf total = splat(0);
        { EACH(columns, vf d = load(a + i) - mean; total = fma_(d, d, total);,
            vf d = load_part(a + i, rest, mean) - mean; total = fma_(d, d, total);) }
        float scale = 1.0f / sqrtf(fold_sum(total) / (float)columns + epsilon);
        statistics[2 * r] = mean;
        statistics[2 * r + 1] = scale;
        EACH(columns, store(z + i, fma_((load(a + i) - mean) * scale, load(w + i), load(b + i)));,
            store_part(z + i, fma_((load_part(a + i, rest, 0) - mean) * scale, load_part(w + i, rest, 0),
                load_part(b + i, rest, 0)), rest);)
    }
}
// xh = (x - mean) s; dw = Σ dy xh; db = Σ dy; dx = s (g - mean(g) - xh mean(g xh)) with g = dy w
void K(layer_norm_backward)(
    const float *x, const float *w, const float *statistics, const float *dy, float *dx, float *dw, float *db,
    long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns, *d = dy + r * columns;
        float mean = statistics[2 * r], scale = statistics[2 * r + 1];
        vf total = splat(0), product = splat(0);
        { EACH(columns,
            vf xh = (load(a + i) - mean) * scale; vf dv = load(d + i); vf g = dv * load(w + i);
            total += g; product = fma_(g, xh, product);
            store(dw + i, fma_(dv, xh, load(dw + i))); store(db + i, load(db + i) + dv);,
            vf xh = (load_part(a + i, rest, 0) - mean) * scale; vf dv = load_part(d + i, rest, 0);
            vf g = dv * load_part(w + i, rest, 0);
            total += g; product = fma_(g, xh, product);
            store_part(dw + i, fma_(dv, xh, load_part(dw + i, rest, 0)), rest);
            store_part(db + i, load_part(db + i, rest, 0) + dv, rest);) }
        if (!dx) continue;
        float *z = dx + r * columns;
        float g1 = fold_sum(total) / (float)columns, g2 = fold_sum(product) / (float)columns;
        EACH(columns,
            vf xh = (load(a + i) - mean) * scale; vf g = load(d + i) * load(w + i);
            put(z + i, (g - g1 - xh * g2) * scale, add);,
            vf xh = (load_part(a + i, rest, 0) - mean) * scale;
            vf g = load_part(d + i, rest, 0) * load_part(w + i, rest, 0);
            put_part(z + i, (g - g1 - xh * g2) * scale, rest, add);)
    }
}

// weighted loss per row: mean over columns of -(p y ln s(z) + (1 - y) ln(1 - s(z)))
void K(binary_cross_entropy)(
    const float *z, const float *y, const float *positive, float *loss, float *dz, long rows, long columns) {
    float share = 1.0f / (float)columns;
    for (long r = 0; r < rows; r++) {
        vf total = splat(0);
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES, at = r * columns + c;
            vf a = load_part(z + at, n, 0), t = load_part(y + at, n, 0);
            vf p = positive ? load_part(positive + c, n, 1) : splat(1);
            // ln(1 + e^-|a|): softplus(-a) = it + max(-a, 0)
            vf tail = log1p_(exp_(-abs_(a)));
            vf minus = tail + relu_(-a), plus = tail + relu_(a);
            vf value = p * t * minus + (1.0f - t) * plus;
            vf slope = ((1.0f - t) * sigmoid_(a) - p * t * sigmoid_(-a)) * share;
            vf lanes = (vf){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
            total += select_(lanes < splat((float)n), value, splat(0));
            if (dz) store_part(dz + at, slope, n);
        }
        loss[r] = fold_sum(total) * share;
    }
}
