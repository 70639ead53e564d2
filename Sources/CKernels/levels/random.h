// Philox 4x32-10 on 16 blocks at a time: block b gives the words 4b … 4b + 3, as Groundwork's RandomStream does.
//
// Even and odd blocks stand in the low halves of 64-bit lanes, where a product needs no taking apart; the high halves hold
// what no product reads.
// What the compiler knows about the upper halves would make it take the slow product of 64 bits for some; so it is hidden.
#if CK_MASKS == 16
#define HIDE(words) __asm__("" : "+v"(words))
#else
#define HIDE(words)
#endif
INLINE void philox(ck_random key, uint32_t block, vu out[4]) {
    vu first = (vu){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + block;
    const vul low = (vul)(uint64_t)0xffffffffu;
    vul counter[2][4];
#pragma clang loop unroll(full)
    for (int odd = 0; odd < 2; odd++) {
        counter[odd][0] = odd ? (vul)first >> 32 : (vul)first;
        counter[odd][1] = (vul)(uint64_t)key.step;
        counter[odd][2] = (vul)(uint64_t)key.rank;
        counter[odd][3] = (vul)(uint64_t)key.layer;
#pragma clang loop unroll(full)
        for (int word = 0; word < 4; word++) HIDE(counter[odd][word]);
    }
    uint32_t k0 = key.key0, k1 = key.key1;
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
#pragma clang loop unroll(full)
        for (int odd = 0; odd < 2; odd++) {
            vul *c = counter[odd];
            vul p = (c[0] & low) * (uint64_t)0xD2511F53u, q = (c[2] & low) * (uint64_t)0xCD9E8D57u;
            c[0] = (q >> 32) ^ c[1] ^ (uint64_t)k0;
            c[1] = q;
            c[2] = (p >> 32) ^ c[3] ^ (uint64_t)k1;
            c[3] = p;
            if (round == 9) {
                HIDE(c[1]);
                HIDE(c[3]);
            }
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
#pragma clang loop unroll(full)
    for (int word = 0; word < 4; word++)
        out[word] = (vu)((counter[0][word] & low) | (counter[1][word] << 32));
}
// The words 4 block … 4 block + 63 in order.
INLINE void philox_words(ck_random key, uint32_t block, vu words[4]) {
    vu w[4];
    philox(key, block, w);
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
        vu a = half ? __builtin_shufflevector(w[0], w[1], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
                    : __builtin_shufflevector(w[0], w[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        vu b = half ? __builtin_shufflevector(w[2], w[3], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
                    : __builtin_shufflevector(w[2], w[3], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        words[2 * half] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
        words[2 * half + 1]
            = __builtin_shufflevector(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
    }
}
void K(random_words)(ck_random key, uint32_t *words, long n) {
    for (long start = 0; start < n; start += 64) {
        vu chunk[4];
        philox_words(key, (uint32_t)(start / 4), chunk);
        memcpy(words + start, chunk, (size_t)(n - start < 64 ? n - start : 64) * 4);
    }
}

INLINE vf kept_or_zero(vf x, vb kept) { return select_(__builtin_convertvector(kept, vi) > 0, x, splat(0)); }

// The next 64 elements, or the `rest` that is left of them.
INLINE void dropout_block(
    const vu words[4], uint32_t threshold, float factor, const float *x, float *y, uint8_t *kept, long rest) {
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++, rest -= LANES) {
        long at = part * LANES;
        vi mask = words[part] >= (vu)threshold;
        vb keep = __builtin_convertvector(mask & 1, vb);
        if (rest >= LANES) {
            __builtin_memcpy(kept + at, &keep, sizeof keep);
            store(y + at, select_(mask, load(x + at) * factor, splat(0)));
        } else if (rest > 0) {
            memcpy(kept + at, &keep, (size_t)rest);
            store_part(y + at, select_(mask, load_part(x + at, rest, 0) * factor, splat(0)), rest);
        }
    }
}
// An element stays when its word / 2^32 >= p.
void K(dropout)(ck_random key, float p, const float *x, float *y, uint8_t *kept, long n) {
    double bound = (double)p * 4294967296.0;
    uint32_t threshold = bound >= 4294967295.0 ? 4294967295u : (uint32_t)bound;
    float factor = 1.0f / (1.0f - p);
    vu words[4];
    long start = 0;
    for (; start + 4 * LANES <= n; start += 4 * LANES) {
        philox_words(key, (uint32_t)(start / 4), words);
        dropout_block(words, threshold, factor, x + start, y + start, kept + start, 4 * LANES);
    }
    if (start == n) return;
    philox_words(key, (uint32_t)(start / 4), words);
    dropout_block(words, threshold, factor, x + start, y + start, kept + start, n - start);
}
void K(dropout_backward)(float factor, const uint8_t *kept, const float *dy, float *dx, long n, int add) {
    EACH(n,
        vb keep; __builtin_memcpy(&keep, kept + i, sizeof keep);
        put(dx + i, kept_or_zero(load(dy + i) * factor, keep), add);,
        vb keep = 0; memcpy(&keep, kept + i, (size_t)rest);
        put_part(dx + i, kept_or_zero(load_part(dy + i, rest, 0) * factor, keep), rest, add);)
}
