// Philox 4x32-10 on 16 blocks at a time: block b gives the words 4b … 4b + 3, as Groundwork's RandomStream does.
INLINE void multiply_wide(vu a, uint32_t factor, vu *high, vu *low) {
    vul product = __builtin_convertvector(a, vul) * (vul)((uint64_t)factor);
    *high = __builtin_convertvector(product >> 32, vu);
    *low = a * factor;
}
INLINE void philox(ck_random key, uint32_t block, vu out[4]) {
    vu c0 = (vu){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + block;
    vu c1 = (vu)(key.step), c2 = (vu)(key.rank), c3 = (vu)(key.layer);
    uint32_t k0 = key.key0, k1 = key.key1;
    for (int round = 0; round < 10; round++) {
        vu h0, l0, h1, l1;
        multiply_wide(c0, 0xD2511F53u, &h0, &l0);
        multiply_wide(c2, 0xCD9E8D57u, &h1, &l1);
        c0 = h1 ^ c1 ^ k0;
        c1 = l1;
        c2 = h0 ^ c3 ^ k1;
        c3 = l0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}
INLINE void philox_words(ck_random key, uint32_t block, uint32_t words[64]) {
    vu out[4];
    philox(key, block, out);
    for (int b = 0; b < LANES; b++)
        for (int w = 0; w < 4; w++) words[4 * b + w] = out[w][b];
}
void K(random_words)(ck_random key, uint32_t *words, long n) {
    uint32_t chunk[64];
    for (long start = 0; start < n; start += 64) {
        philox_words(key, (uint32_t)(start / 4), chunk);
        long count = n - start < 64 ? n - start : 64;
        memcpy(words + start, chunk, (size_t)count * 4);
    }
}
// An element stays when its word / 2^32 >= p.
void K(dropout)(ck_random key, float p, const float *x, float *y, uint8_t *kept, long n) {
    double bound = (double)p * 4294967296.0;
    uint32_t threshold = bound >= 4294967295.0 ? 4294967295u : (uint32_t)bound;
    float factor = 1.0f / (1.0f - p);
    uint32_t chunk[64];
    for (long start = 0; start < n; start += 64) {
        philox_words(key, (uint32_t)(start / 4), chunk);
        long count = n - start < 64 ? n - start : 64;
        for (long i = 0; i < count; i++) {
            uint8_t keep = chunk[i] >= threshold;
            kept[start + i] = keep;
            y[start + i] = keep ? x[start + i] * factor : 0.0f;
        }
    }
}
void K(dropout_backward)(float factor, const uint8_t *kept, const float *dy, float *dx, long n, int add) {
    if (add)
        for (long i = 0; i < n; i++) dx[i] += kept[i] ? dy[i] * factor : 0.0f;
    else
        for (long i = 0; i < n; i++) dx[i] = kept[i] ? dy[i] * factor : 0.0f;
}
