#include "CScan.h"
#include <string.h>

// One pass over 64-byte words: bit masks of quotes, delimiters and newlines; a prefix XOR of the quote mask marks what is
// inside quotes; the set bits outside are written out. (Langdale, Lemire, "Parsing gigabytes of JSON per second", 2019.)

typedef struct { uint64_t quotes, delimiters, newlines; } masks;

typedef struct {
    uint32_t *positions;
    uint32_t *row_ends;
    size_t count;
    size_t rows;
    size_t lines;
    uint64_t inside; // all ones while a quote is open
} state;

// Adds the ends of rows: a newline's number among the separators is how many of them stand before it.
static inline void end_rows(state *s, uint64_t separators, uint64_t newlines) {
    for (; newlines; newlines &= newlines - 1) {
        uint64_t before = (newlines & -newlines) - 1;
        s->row_ends[s->rows++] = (uint32_t)(s->count + (size_t)__builtin_popcountll(separators & before));
    }
}

static inline void emit_portable(state *s, uint64_t separators, uint64_t newlines, uint32_t base) {
    end_rows(s, separators, newlines);
    for (; separators; separators &= separators - 1)
        s->positions[s->count++] = base + (uint32_t)__builtin_ctzll(separators);
}

static inline uint64_t prefix_xor_portable(uint64_t x) {
    x ^= x << 1; x ^= x << 2; x ^= x << 4; x ^= x << 8; x ^= x << 16; x ^= x << 32;
    return x;
}

static inline uint64_t byte_mask(uint64_t word, uint64_t pattern) {
    uint64_t x = word ^ pattern;
    uint64_t low = (x & 0x7f7f7f7f7f7f7f7fULL) + 0x7f7f7f7f7f7f7f7fULL;
    uint64_t zero = ~(low | x | 0x7f7f7f7f7f7f7f7fULL); // 0x80 in every equal byte
    return (zero * 0x0002040810204081ULL) >> 56;
}

static inline masks masks_portable(const uint8_t *p, uint8_t delimiter) {
    const uint64_t ones = 0x0101010101010101ULL;
    masks m = {0, 0, 0};
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, p + 8 * i, 8);
        m.quotes |= byte_mask(word, ones * '"') << (8 * i);
        m.delimiters |= byte_mask(word, ones * delimiter) << (8 * i);
        m.newlines |= byte_mask(word, ones * '\n') << (8 * i);
    }
    return m;
}

// The next 64 bytes, the last ones filled up with zeros, and which of them count.
static inline const uint8_t *word_at(const uint8_t *data, size_t left, uint8_t *tail, uint64_t *valid) {
    *valid = ~0ULL;
    if (left >= 64) return data;
    memset(tail, 0, 64);
    memcpy(tail, data, left);
    *valid = (1ULL << left) - 1;
    return tail;
}

#define SCAN_BODY(MASKS, PREFIX, EMIT)                                                            \
    for (size_t i = 0; i < count; i += 64) {                                                      \
        uint8_t tail[64];                                                                         \
        uint64_t valid;                                                                           \
        masks m = MASKS(word_at(data + i, count - i, tail, &valid), delimiter);                   \
        uint64_t quoted = PREFIX(m.quotes & valid) ^ s->inside;                                   \
        s->inside = (uint64_t)((int64_t)quoted >> 63);                                            \
        uint64_t newlines = m.newlines & ~quoted & valid;                                         \
        s->lines += (size_t)__builtin_popcountll(m.newlines & valid);                             \
        EMIT(s, ((m.delimiters & ~quoted) | newlines) & valid, newlines, (uint32_t)i);            \
    }

#define COUNT_BODY(MASKS)                                                                         \
    for (size_t i = 0; i < count; i += 64) {                                                      \
        uint8_t tail[64];                                                                         \
        uint64_t valid;                                                                           \
        masks m = MASKS(word_at(data + i, count - i, tail, &valid), '\n');                        \
        *quotes += (size_t)__builtin_popcountll(m.quotes & valid);                                \
        *newlines += (size_t)__builtin_popcountll(m.newlines & valid);                            \
    }

static void scan_portable(const uint8_t *data, size_t count, uint8_t delimiter, state *s) {
    SCAN_BODY(masks_portable, prefix_xor_portable, emit_portable)
}

static void count_portable(const uint8_t *data, size_t count, size_t *quotes, size_t *newlines) {
    COUNT_BODY(masks_portable)
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,pclmul,bmi,bmi2,lzcnt,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,pclmul,bmi,bmi2,lzcnt,popcnt")))

AVX2 static inline uint64_t prefix_xor_clmul(uint64_t x) {
    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)x), _mm_set1_epi8((char)0xFF), 0));
}

AVX2 static inline uint64_t equal_avx2(__m256i a, __m256i b, __m256i pattern) {
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, pattern));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, pattern));
    return (uint64_t)high << 32 | low;
}

AVX2 static inline masks masks_avx2(const uint8_t *p, uint8_t delimiter) {
    __m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 32));
    masks m = {equal_avx2(a, b, _mm256_set1_epi8('"')), equal_avx2(a, b, _mm256_set1_epi8((char)delimiter)),
               equal_avx2(a, b, _mm256_set1_epi8('\n'))};
    return m;
}

AVX2 static void scan_avx2(const uint8_t *data, size_t count, uint8_t delimiter, state *s) {
    SCAN_BODY(masks_avx2, prefix_xor_clmul, emit_portable)
}

AVX2 static void count_avx2(const uint8_t *data, size_t count, size_t *quotes, size_t *newlines) {
    COUNT_BODY(masks_avx2)
}

AVX512 static inline masks masks_avx512(const uint8_t *p, uint8_t delimiter) {
    __m512i a = _mm512_loadu_si512(p);
    masks m = {_mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('"')),
               _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8((char)delimiter)),
               _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('\n'))};
    return m;
}

// Sixteen positions at a time, those of separators packed to the front; what is written behind them is overwritten later.
AVX512 static inline void emit_avx512(state *s, uint64_t separators, uint64_t newlines, uint32_t base) {
    end_rows(s, separators, newlines);
    __m512i places = _mm512_add_epi32(_mm512_set1_epi32((int)base),
                                      _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    for (int part = 0; part < 64; part += 16) {
        __mmask16 mask = (__mmask16)(separators >> part);
        _mm512_storeu_si512(s->positions + s->count, _mm512_maskz_compress_epi32(mask, places));
        s->count += (size_t)__builtin_popcount(mask);
        places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
    }
}

AVX512 static void scan_avx512(const uint8_t *data, size_t count, uint8_t delimiter, state *s) {
    SCAN_BODY(masks_avx512, prefix_xor_clmul, emit_avx512)
}

AVX512 static void count_avx512(const uint8_t *data, size_t count, size_t *quotes, size_t *newlines) {
    COUNT_BODY(masks_avx512)
}

static int level(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("pclmul"))
        return 2;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi2");
}
#else
static int level(void) { return 0; }
#endif

const char *cscan_level(void) {
    static const char *names[] = {"portable", "avx2", "avx512"};
    return names[level()];
}

size_t cscan_index(const uint8_t *data, size_t count, uint8_t delimiter, uint32_t *positions, uint32_t *row_ends,
                   size_t *rows, size_t *lines, int *open_quote) {
    state s = {positions, row_ends, 0, 0, 0, 0};
#if defined(__x86_64__)
    switch (level()) {
    case 2: scan_avx512(data, count, delimiter, &s); break;
    case 1: scan_avx2(data, count, delimiter, &s); break;
    default: scan_portable(data, count, delimiter, &s); break;
    }
#else
    scan_portable(data, count, delimiter, &s);
#endif
    *rows = s.rows;
    *lines = s.lines;
    *open_quote = s.inside != 0;
    return s.count;
}

void cscan_count(const uint8_t *data, size_t count, size_t *quotes, size_t *newlines) {
    *quotes = *newlines = 0;
#if defined(__x86_64__)
    switch (level()) {
    case 2: count_avx512(data, count, quotes, newlines); break;
    case 1: count_avx2(data, count, quotes, newlines); break;
    default: count_portable(data, count, quotes, newlines); break;
    }
#else
    count_portable(data, count, quotes, newlines);
#endif
}
