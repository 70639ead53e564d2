// Sorting, extremes, picking, comparing and choosing; what is only moved has the same bits at every level.

// Ascending keys are ascending numbers; -0 equals 0, NaN is the largest.
INLINE uint32_t order_key(float x, uint32_t flip) {
    uint32_t bits;
    float plain = x + 0.0f;
    memcpy(&bits, &plain, 4);
    bits ^= bits >> 31 ? 0xffffffffu : 0x80000000u;
    return (x != x ? 0xffffffffu : bits) ^ flip;
}
INLINE void insertion_sort(uint64_t *item, long n) {
    for (long i = 1; i < n; i++) {
        uint64_t own = item[i];
        long j = i;
        for (; j > 0 && item[j - 1] > own; j--) item[j] = item[j - 1];
        item[j] = own;
    }
}
// By the upper halves, a byte at a time; the order of equal ones stays. The result is in `item`.
INLINE void radix_sort(uint64_t *item, uint64_t *spare, long n) {
    uint64_t *from = item, *to = spare;
    for (int shift = 32; shift < 64; shift += 8) {
        uint32_t start[256] = {0};
        for (long i = 0; i < n; i++) start[from[i] >> shift & 255]++;
        if (start[from[0] >> shift & 255] == (uint32_t)n) continue;
        for (uint32_t sum = 0, i = 0; i < 256; i++) {
            uint32_t count = start[i];
            start[i] = sum;
            sum += count;
        }
        for (long i = 0; i < n; i++) to[start[from[i] >> shift & 255]++] = from[i];
        uint64_t *other = from;
        from = to;
        to = other;
    }
    if (from != item) memcpy(item, from, (size_t)n * 8);
}
INLINE void sort_keys(uint64_t *item, long n) {
    if (n <= 32) insertion_sort(item, n);
    else radix_sort(item, item + n, n);
}
// item = the `count` smallest keys of x in ascending order, place in the lower half
INLINE void best_keys(const float *x, long n, long count, uint32_t flip, uint64_t *item) {
    long held = 0;
    uint64_t worst = ~(uint64_t)0;
    for (long i = 0; i < n; i++) {
        uint64_t own = (uint64_t)order_key(x[i], flip) << 32 | (uint64_t)i;
        if (held == count && own >= worst) continue;
        long j = held < count ? held++ : count - 1;
        for (; j > 0 && item[j - 1] > own; j--) item[j] = item[j - 1];
        item[j] = own;
        worst = item[held - 1];
    }
}
void K(rank_rows)(
    const float *x, long rows, long columns, long count, int descending, uint64_t *scratch, int32_t *place) {
    uint32_t flip = descending ? 0xffffffffu : 0;
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        if (count > 0 && count <= 16 && count < columns) best_keys(a, columns, count, flip, scratch);
        else {
            for (long i = 0; i < columns; i++) scratch[i] = (uint64_t)order_key(a[i], flip) << 32 | (uint64_t)i;
            if (columns > 0) sort_keys(scratch, columns);
        }
        for (long i = 0; i < count; i++) place[r * count + i] = (int32_t)scratch[i];
    }
}
void K(row_largest)(const float *x, float sign, int32_t *place, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        vf top = splat(-INFINITY);
        vi lanes = (vi){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, at = lanes;
        for (long c = 0; c < columns; c += LANES) {
            vf v = c + LANES <= columns ? load(a + c) * sign
                                        : load_part(a + c, columns - c, -INFINITY * sign) * sign;
            vi better = (v > top) | ((v != v) & (top == top));
            top = select_(better, v, top);
            at = (better & (lanes + (int32_t)c)) | (at & ~better);
        }
        float best[LANES];
        int32_t from[LANES];
        store(best, top);
        memcpy(from, &at, sizeof from);
        int own = 0;
        for (int i = 1; i < LANES && i < columns; i++) {
            int isNone = best[i] != best[i], wasNone = best[own] != best[own];
            int isAbove = best[i] > best[own] || (isNone && !wasNone);
            int isEqual = best[i] == best[own] || (isNone && wasNone);
            if (isAbove || (isEqual && from[i] < from[own])) own = i;
        }
        place[r] = from[own];
    }
}
void K(gather_columns)(const float *x, const int32_t *place, float *y, long rows, long columns, long count) {
    for (long r = 0; r < rows; r++)
        for (long i = 0; i < count; i++) y[r * count + i] = x[r * columns + place[r * count + i]];
}
void K(scatter_columns)(const float *dy, const int32_t *place, float *dx, long rows, long columns, long count) {
    for (long r = 0; r < rows; r++)
        for (long i = 0; i < count; i++) dx[r * columns + place[r * count + i]] += dy[r * count + i];
}
void K(pick_rows)(const float *x, const int32_t *row, float *y, long rows, long columns) {
    for (long r = 0; r < rows; r++)
        for (long c = 0; c < columns; c++) {
            int32_t from = row[r * columns + c];
            y[r * columns + c] = from < 0 ? 0 : x[from * columns + c];
        }
}
void K(compare)(int kind, const float *a, const float *b, uint8_t *y, long n) {
#define COMPARE(operator) for (long i = 0; i < n; i++) y[i] = a[i] operator b[i]; break;
    switch (kind) {
    case CK_LESS: COMPARE(<)
    case CK_LESS_OR_EQUAL: COMPARE(<=)
    case CK_EQUAL: COMPARE(==)
    case CK_NOT_EQUAL: COMPARE(!=)
    case CK_GREATER_OR_EQUAL: COMPARE(>=)
    case CK_GREATER: COMPARE(>)
    }
#undef COMPARE
}
void K(compare_number)(int kind, const float *a, float b, uint8_t *y, long n) {
#define COMPARE(operator) for (long i = 0; i < n; i++) y[i] = a[i] operator b; break;
    switch (kind) {
    case CK_LESS: COMPARE(<)
    case CK_LESS_OR_EQUAL: COMPARE(<=)
    case CK_EQUAL: COMPARE(==)
    case CK_NOT_EQUAL: COMPARE(!=)
    case CK_GREATER_OR_EQUAL: COMPARE(>=)
    case CK_GREATER: COMPARE(>)
    }
#undef COMPARE
}
void K(leads)(const float *a, float sign, const float *b, uint8_t *y, long n) {
    for (long i = 0; i < n; i++) y[i] = (sign * a[i] >= sign * b[i]) | (a[i] != a[i]);
}
// Masks are bytes 0 and 1, sixteen at a time.
INLINE vi mask_lanes(const uint8_t *mask, long n) {
    vb bytes = (vb)0;
    memcpy(&bytes, mask, (size_t)n);
    return -__builtin_convertvector(bytes, vi);
}
void K(choose)(const uint8_t *mask, const float *a, const float *b, float *y, long n) {
    EACH(n, store(y + i, select_(mask_lanes(mask + i, LANES), load(a + i), load(b + i)));,
        store_part(y + i,
            select_(mask_lanes(mask + i, rest), load_part(a + i, rest, 0), load_part(b + i, rest, 0)), rest);)
}
void K(choose_or)(const uint8_t *mask, const float *a, float other, float *y, long n) {
    EACH(n, store(y + i, select_(mask_lanes(mask + i, LANES), load(a + i), splat(other)));,
        store_part(y + i, select_(mask_lanes(mask + i, rest), load_part(a + i, rest, 0), splat(other)), rest);)
}
void K(choose_backward)(const uint8_t *mask, int chosen, const float *dy, float *dx, long n, int add) {
    vi flip = chosen ? (vi)(int32_t)0 : (vi)(int32_t)-1;
    EACH(n, put(dx + i, select_(mask_lanes(mask + i, LANES) ^ flip, load(dy + i), splat(0)), add);,
        put_part(dx + i, select_(mask_lanes(mask + i, rest) ^ flip, load_part(dy + i, rest, 0), splat(0)), rest,
            add);)
}
void K(spread_rows)(const float *w, float factor, float *y, long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) {
        vf value = splat(factor * w[r]);
        float *b = y + r * columns;
        EACH(columns, put(b + i, value, add);, put_part(b + i, value, rest, add);)
    }
}

// y = max(x - threshold, 0) with sum 1. The threshold rises from (largest - 1) to (sum of what is above it - 1) / number until
// nothing more falls below: Michelot, A finite algorithm for finding the projection of a point onto the canonical simplex,
// 1986. NaN throughout where NaN or +infinity is in the row or nothing is finite.
INLINE vd above_top(const float *x, long n, float top) {
    vf part = n == LANES ? load(x) : load_part(x, n, -INFINITY);
    return __builtin_convertvector(part - top, vd);
}
void K(sparsemax_rows)(const float *x, float *y, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *a = x + r * columns;
        float *b = y + r * columns, top = row_max(a, columns);
        vi none = (vi)(int32_t)0;
        { EACH(columns, none |= load(a + i) != load(a + i);,
            none |= load_part(a + i, rest, 0) != load_part(a + i, rest, 0);) }
        double threshold = -1;
        if (fold_max(select_(none, splat(1), splat(0))) > 0 || !(top < INFINITY && top > -INFINITY)) threshold = NAN;
        for (double before = 0, held = -1; held != before && threshold == threshold;) {
            vd sum = (vd)0.0, number = (vd)0.0;
            for (long c = 0; c < columns; c += LANES) {
                vd v = above_top(a + c, columns - c < LANES ? columns - c : LANES, top);
                sum += v > (vd)threshold ? v : (vd)0.0;
                number += v > (vd)threshold ? (vd)1.0 : (vd)0.0;
            }
            for (int half = 8; half > 0; half /= 2)
                for (int i = 0; i < half; i++) {
                    sum[i] += sum[i + half];
                    number[i] += number[i + half];
                }
            before = held;
            held = number[0];
            // rounding must not let it fall, or the search might not end
            double next = (sum[0] - 1) / held;
            threshold = next > threshold ? next : threshold;
        }
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES;
            vd share = above_top(a + c, n, top) - threshold;
            store_part(b + c, __builtin_convertvector(share < (vd)0.0 ? (vd)0.0 : share, vf), n);
        }
    }
}
void K(sparsemax_rows_backward)(const float *y, const float *dy, float *dx, long rows, long columns, int add) {
    for (long r = 0; r < rows; r++) {
        const float *a = y + r * columns, *d = dy + r * columns;
        float *b = dx + r * columns;
        vf total = splat(0), support = splat(0);
        { EACH(columns, vi has = load(a + i) > splat(0); total += select_(has, load(d + i), splat(0));
            support += select_(has, splat(1), splat(0));,
            vi has = load_part(a + i, rest, 0) > splat(0);
            total += select_(has, load_part(d + i, rest, 0), splat(0));
            support += select_(has, splat(1), splat(0));) }
        vf mean = splat(fold_sum(total) / fold_sum(support));
        EACH(columns, put(b + i, select_(load(a + i) > splat(0), load(d + i) - mean, splat(0)), add);,
            put_part(b + i,
                select_(load_part(a + i, rest, 0) > splat(0), load_part(d + i, rest, 0) - mean, splat(0)), rest,
                add);)
    }
}

// loss = mean of max(0, margin - (2t - 1) z); NaN comes through
void K(hinge)(
    const float *z, const float *t, float margin, float *loss, float *dz, long rows, long columns) {
    float share = 1.0f / (float)(columns > 0 ? columns : 1);
    vf lanes = (vf){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (long r = 0; r < rows; r++) {
        vf total = splat(0);
        for (long c = 0; c < columns; c += LANES) {
            long n = columns - c < LANES ? columns - c : LANES, at = r * columns + c;
            vf sign = 2.0f * load_part(t + at, n, 0) - 1.0f, lack = margin - sign * load_part(z + at, n, 0);
            vi inside = (lack <= splat(0)) | (lanes >= splat((float)n));
            total += select_(inside, splat(0), lack);
            store_part(dz + at, select_(inside, splat(0), -sign * share), n);
        }
        loss[r] = fold_sum(total) * share;
    }
}
// loss = mean over the columns of the sum over labels j and others i of max(0, 1 - (z[j] - z[i])); NaN comes through
void K(multilabel_margin)(const float *z, const float *t, float *loss, float *dz, long rows, long columns) {
    float share = 1.0f / (float)(columns > 0 ? columns : 1);
    for (long r = 0; r < rows; r++) {
        const float *a = z + r * columns, *has = t + r * columns;
        float *d = dz + r * columns;
        memset(d, 0, (size_t)columns * 4);
        vf total = splat(0);
        for (long j = 0; j < columns; j++) {
            if (!(has[j] > 0.5f)) continue;
            vf active = splat(0);
            for (long c = 0; c < columns; c += LANES) {
                long n = columns - c < LANES ? columns - c : LANES;
                vf lack = 1.0f - (a[j] - load_part(a + c, n, 0));
                vi counts = ~(lack <= splat(0)) & ~(load_part(has + c, n, 1) > splat(0.5f));
                total += select_(counts, lack, splat(0));
                active += select_(counts, splat(1), splat(0));
                store_part(d + c, load_part(d + c, n, 0) + select_(counts, splat(share), splat(0)), n);
            }
            d[j] -= fold_sum(active) * share;
        }
        loss[r] = fold_sum(total) * share;
    }
}

// y = √(re² + im²) of rows [re, im]
void K(magnitude)(const float *x, float *y, long rows, long half) {
    for (long r = 0; r < rows; r++) {
        const float *re = x + 2 * r * half, *im = re + half;
        float *b = y + r * half;
        EACH(half, vf p = load(re + i); vf q = load(im + i); store(b + i, __builtin_elementwise_sqrt(p * p + q * q));,
            vf p = load_part(re + i, rest, 0); vf q = load_part(im + i, rest, 0);
            store_part(b + i, __builtin_elementwise_sqrt(p * p + q * q), rest);)
    }
}
void K(magnitude_backward)(const float *x, const float *y, const float *dy, float *dx, long rows, long half) {
    for (long r = 0; r < rows; r++)
        for (long part = 0; part < 2; part++) {
            const float *a = x + (2 * r + part) * half, *s = y + r * half, *d = dy + r * half;
            float *b = dx + (2 * r + part) * half;
            EACH(half, vf size = load(s + i); vf slope = load(d + i) / size * load(a + i);
                store(b + i, load(b + i) + select_(size > splat(0), slope, splat(0)));,
                vf size = load_part(s + i, rest, 0); vf slope = load_part(d + i, rest, 0) / size * load_part(a + i, rest, 0);
                store_part(b + i, load_part(b + i, rest, 0) + select_(size > splat(0), slope, splat(0)), rest);)
        }
}
