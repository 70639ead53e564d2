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
    uint64_t inside; // all ones while a quote is open
} state;

static inline void emit(state *s, uint64_t separators, uint64_t newlines, uint32_t base) {
    while (separators) {
        uint32_t bit = (uint32_t)__builtin_ctzll(separators);
        s->positions[s->count] = base + bit;
        s->row_ends[s->rows] = (uint32_t)s->count;
        s->rows += (newlines >> bit) & 1;
        s->count++;
        separators &= separators - 1;
    }
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

#define SCAN_BODY(MASKS, PREFIX)                                                                  \
    size_t i = 0;                                                                                 \
    for (; i < count; i += 64) {                                                                  \
        uint8_t tail[64];                                                                         \
        const uint8_t *p = data + i;                                                              \
        uint64_t valid = ~0ULL;                                                                   \
        if (count - i < 64) {                                                                     \
            memset(tail, 0, 64);                                                                  \
            memcpy(tail, p, count - i);                                                           \
            valid = (1ULL << (count - i)) - 1;                                                    \
            p = tail;                                                                             \
        }                                                                                         \
        masks m = MASKS(p, delimiter);                                                            \
        uint64_t quoted = PREFIX(m.quotes & valid) ^ s->inside;                                   \
        s->inside = (uint64_t)((int64_t)quoted >> 63);                                            \
        uint64_t newlines = m.newlines & ~quoted & valid;                                         \
        emit(s, ((m.delimiters & ~quoted) | newlines) & valid, newlines, (uint32_t)i);            \
    }

static void scan_portable(const uint8_t *data, size_t count, uint8_t delimiter, state *s) {
    SCAN_BODY(masks_portable, prefix_xor_portable)
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,pclmul,bmi,bmi2,lzcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,pclmul,bmi,bmi2,lzcnt")))

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
    SCAN_BODY(masks_avx2, prefix_xor_clmul)
}

AVX512 static inline masks masks_avx512(const uint8_t *p, uint8_t delimiter) {
    __m512i a = _mm512_loadu_si512(p);
    masks m = {_mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('"')),
               _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8((char)delimiter)),
               _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('\n'))};
    return m;
}

AVX512 static void scan_avx512(const uint8_t *data, size_t count, uint8_t delimiter, state *s) {
    SCAN_BODY(masks_avx512, prefix_xor_clmul)
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
                   size_t *rows, int *open_quote) {
    state s = {positions, row_ends, 0, 0, 0};
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
    *open_quote = s.inside != 0;
    return s.count;
}

static size_t count_byte(const uint8_t *data, size_t count, uint8_t byte) {
    size_t total = 0;
    while (count) {
        // Sums of at most 255 per lane fit a byte, which lets the compiler vectorise.
        size_t piece = count < 255 * 64 ? count : 255 * 64, i = 0;
        uint8_t lanes[64] = {0};
        for (; i + 64 <= piece; i += 64)
            for (int j = 0; j < 64; j++) lanes[j] += data[i + j] == byte;
        for (int j = 0; j < 64; j++) total += lanes[j];
        for (; i < piece; i++) total += data[i] == byte;
        data += piece;
        count -= piece;
    }
    return total;
}

size_t cscan_count_quotes(const uint8_t *data, size_t count) { return count_byte(data, count, '"'); }

size_t cscan_count_newlines(const uint8_t *data, size_t count) { return count_byte(data, count, '\n'); }
