// Sixteen lanes, the same at every level, and the functions of one variable on them. Included once per level.
#pragma clang fp contract(off)
#pragma clang diagnostic ignored "-Wpsabi"
#include "../include/CKernels.h"
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define K2(name, suffix) ck_##name##_##suffix
#define K1(name, suffix) K2(name, suffix)
#define K(name) K1(name, CK_SUFFIX)
#define LANES 16

typedef float vf __attribute__((ext_vector_type(16)));
typedef int32_t vi __attribute__((ext_vector_type(16)));
typedef uint32_t vu __attribute__((ext_vector_type(16)));
typedef uint64_t vul __attribute__((ext_vector_type(8)));
typedef double vd __attribute__((ext_vector_type(16)));
typedef uint8_t vb __attribute__((ext_vector_type(16)));

INLINE vf load(const float *p) {
    vf v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
INLINE void store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }
INLINE vf splat(float x) { return (vf)(x); }

// The first n of 16 lanes (1 <= n <= 16); the others are `rest`.
#if CK_MASKS == 16
INLINE vf load_part(const float *p, long n, float rest) {
    return (vf)_mm512_mask_loadu_ps(_mm512_set1_ps(rest), (__mmask16)((1u << n) - 1), p);
}
INLINE void store_part(float *p, vf v, long n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}
#elif CK_MASKS == 8
INLINE __m256i mask_of(long n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vf load_part(const float *p, long n, float rest) {
    __m256i low = mask_of(n), high = mask_of(n - 8);
    __m256 half[2], others = _mm256_set1_ps(rest);
    half[0] = _mm256_blendv_ps(others, _mm256_maskload_ps(p, low), _mm256_castsi256_ps(low));
    half[1] = _mm256_blendv_ps(others, _mm256_maskload_ps(p + 8, high), _mm256_castsi256_ps(high));
    vf v;
    __builtin_memcpy(&v, half, sizeof v);
    return v;
}
INLINE void store_part(float *p, vf v, long n) {
    __m256 half[2];
    __builtin_memcpy(half, &v, sizeof v);
    _mm256_maskstore_ps(p, mask_of(n), half[0]);
    _mm256_maskstore_ps(p + 8, mask_of(n - 8), half[1]);
}
#else
INLINE vf load_part(const float *p, long n, float rest) {
    float lane[LANES];
    for (int i = 0; i < LANES; i++) lane[i] = i < n ? p[i] : rest;
    return load(lane);
}
INLINE void store_part(float *p, vf v, long n) {
    float lane[LANES];
    store(lane, v);
    for (long i = 0; i < n; i++) p[i] = lane[i];
}
#endif

#if CK_FUSED
INLINE vf fma_(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
#else
INLINE vf fma_(vf a, vf b, vf c) { return a * b + c; }
#endif
INLINE vf fmc(vf a, float b, float c) { return fma_(a, splat(b), splat(c)); }
INLINE vf select_(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
INLINE vf abs_(vf x) { return (vf)((vi)x & 0x7fffffff); }
INLINE vf sign_of(vf x, vf of) { return (vf)(((vi)x & 0x7fffffff) | ((vi)of & (vi)(int32_t)0x80000000)); }
// Comparisons with NaN are false, so that NaN in `a` comes through.
INLINE vf at_most(vf a, float limit) { return select_(a > splat(limit), splat(limit), a); }
INLINE vf at_least(vf a, float limit) { return select_(a < splat(limit), splat(limit), a); }
INLINE vf max_(vf a, vf b) { return select_(a > b, a, b); }

INLINE float fold_sum(vf v) {
    float lane[LANES];
    store(lane, v);
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lane[i] = lane[i] + lane[i + half];
    return lane[0];
}
INLINE float fold_max(vf v) {
    float lane[LANES];
    store(lane, v);
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lane[i] = lane[i] > lane[i + half] ? lane[i] : lane[i + half];
    return lane[0];
}
// y or y + v, whichever was asked for
INLINE void put(float *y, vf v, int add) { store(y, add ? load(y) + v : v); }
INLINE void put_part(float *y, vf v, long n, int add) {
    store_part(y, add ? load_part(y, n, 0) + v : v, n);
}

// e^x = 2^n e^r with |r| <= ln 2 / 2, for -104.5 <= x <= 89; the power of two in two factors, for subnormal results and
// overflow to infinity.
INLINE vf exp_between(vf x) {
    vf shifted = fmc(x, 1.44269504f, 12582912.0f);
    vf n = shifted - 12582912.0f;
    vf r = fma_(n, splat(-0.693145752f), x);
    r = fma_(n, splat(-1.42860677e-6f), r);
    vf q = fmc(r, 1.395171741e-03f, 8.369598538e-03f);
    q = fma_(q, r, splat(4.166618735e-02f));
    q = fma_(q, r, splat(1.666651219e-01f));
    q = fma_(q, r, splat(0.5f));
    vf e = fma_(q, r * r, r) + 1.0f;
#if CK_SCALES
    // one rounding, as below: the same bits
    return (vf)_mm512_scalef_ps((__m512)e, (__m512)n);
#else
    vi power = (vi)shifted - 0x4B400000;
    vi half = power >> 1;
    vf low = (vf)((half + 127) << 23);
    vf high = (vf)((power - half + 127) << 23);
    return e * low * high;
#endif
}
INLINE vf exp_(vf x) { return exp_between(at_least(at_most(x, 89.0f), -104.5f)); }
// e^x for x that is not positive
INLINE vf decay_(vf x) { return exp_between(at_least(x, -104.5f)); }
// As decay_, for what lies far below: nothing underflows, which would take an x86 processor a hundred times as long.
INLINE vf share_(vf x) {
    vi none = x < splat(-104.0f);
    return select_(none, splat(0), exp_between(select_(none, splat(0), x)));
}

// ln x = k ln 2 + ln(1 + f), sqrt(1/2) <= 1 + f < sqrt 2; zero gives -infinity, negative numbers NaN.
INLINE vf log_(vf x) {
    vi small = (x < splat(FLT_MIN)) & (x > splat(0.0f));
    vf scaled = select_(small, x * 8388608.0f, x);
    vi bits = (vi)scaled - 0x3f3504f3;
    vi k = bits >> 23;
    vf m = (vf)((bits & 0x7fffff) + 0x3f3504f3);
    vf e = __builtin_convertvector(k - (small & 23), vf);
    vf f = m - 1.0f, s = f * f;
    vf p = fmc(f, 6.915368140e-02f, -1.178980768e-01f);
    p = fma_(p, f, splat(1.187297627e-01f));
    p = fma_(p, f, splat(-1.238434836e-01f));
    p = fma_(p, f, splat(1.421865821e-01f));
    p = fma_(p, f, splat(-1.666925102e-01f));
    p = fma_(p, f, splat(2.000222653e-01f));
    p = fma_(p, f, splat(-2.499998659e-01f));
    p = fma_(p, f, splat(3.333331048e-01f));
    vf tail = fma_(e, splat(1.42860677e-6f), p * f * s);
    tail = fma_(s, splat(-0.5f), tail);
    vf y = fma_(e, splat(0.693145752f), f + tail);
    y = select_(x == splat(0.0f), splat(-INFINITY), y);
    y = select_(x < splat(0.0f), splat(NAN), y);
    return select_((x == splat(INFINITY)) | (x != x), x, y);
}

// ln(1 + x): what 1 + x lost by rounding is added to the logarithm to first order.
INLINE vf log1p_(vf x) {
    vf y = x + 1.0f, d = y - 1.0f;
    vf corrected = log_(y) + (x - d) / y;
    vf result = select_((d == splat(0.0f)) | (x == splat(INFINITY)), x, corrected);
    return select_(x == splat(-1.0f), splat(-INFINITY), result);
}

// x + x^3 P(x^2) below 0.625, 1 - 2 / (e^2|x| + 1) above, e^2|x| = 2^n e^2y with |y| <= ln 2 / 4: exp_'s coefficients times
// powers of two.
INLINE vf tanh_(vf x) {
    vf s = x * x;
    vf p = fmc(s, -5.717036780e-03f, 2.065057866e-02f);
    p = fma_(p, s, splat(-5.374349654e-02f));
    p = fma_(p, s, splat(1.333149076e-01f));
    p = fma_(p, s, splat(-3.333328366e-01f));
    vf small = fma_(p * s, x, x);
    vf a = at_most(abs_(x), 10.0f);
    vf shifted = fmc(a, 2.88539008f, 12582912.0f);
    vf n = shifted - 12582912.0f;
    vf y = fma_(n, splat(-0.346573591f), a);
    vf q = fmc(y, 32 * 1.395171741e-03f, 16 * 8.369598538e-03f);
    q = fma_(q, y, splat(8 * 4.166618735e-02f));
    q = fma_(q, y, splat(4 * 1.666651219e-01f));
    q = fma_(q, y, splat(2 * 0.5f));
    vf e = fmc(fma_(q, y * y, y), 2.0f, 1.0f);
    vf power = (vf)(((vi)shifted << 23) + 0x3f800000);
    vf large = 1.0f - 2.0f / fma_(e, power, splat(1.0f));
    return sign_of(select_(a < splat(0.625f), small, large), x);
}

INLINE vf sigmoid_(vf x) {
    vf e = decay_((vf)((vi)x | (vi)(int32_t)0x80000000));
    vf numerator = select_(x >= splat(0.0f), splat(1.0f), e), d = 1.0f + e, inverse = 1.0f / d;
    vf y = numerator * inverse;
#if CK_FUSED
    // what the quotient and 1 + e lost by rounding
    vf missing = fma_(-y, d, numerator) - y * (e - (d - 1.0f));
    y = fma_(missing, inverse, y);
#endif
    return y;
}

// erf x = x + x P(x^2) below 0.925, 1 - exp(-t - t Q(t)) above.
INLINE vf erf_(vf x) {
    vf t = at_most(abs_(x), 4.0f), s = x * x;
    vf p = fmc(s, -5.976893590e-04f, 4.990980029e-03f);
    p = fma_(p, s, splat(-2.676556632e-02f));
    p = fma_(p, s, splat(1.128180251e-01f));
    p = fma_(p, s, splat(-3.761249483e-01f));
    p = fma_(p, s, splat(1.283791512e-01f));
    vf small = fma_(p, x, x);
    vf q = fmc(t, 1.152246386e-05f, -3.256543714e-04f);
    q = fma_(q, t, splat(3.653770545e-03f));
    q = fma_(q, t, splat(-2.378536016e-02f));
    q = fma_(q, t, splat(1.062631607e-01f));
    q = fma_(q, t, splat(6.351358891e-01f));
    q = fma_(q, t, splat(1.286521703e-01f));
    vf large = sign_of(1.0f - decay_(-fma_(q, t, t)), x);
    return select_(t < splat(0.925f), small, select_(x != x, x, large));
}

// for (every 16 lanes of n): statements see `i`; incomplete ends go through the same vector code.
#define EACH(n, body, part) \
    long i = 0; \
    for (; i + LANES <= (n); i += LANES) { body } \
    if (i < (n)) { long rest = (n) - i; part }
