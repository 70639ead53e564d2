// Chooses the level once and forwards every call to it.
#include "CKernels.h"
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#define DECLARE(type, name, parameters, arguments) \
    type ck_##name##_baseline parameters; \
    type ck_##name##_avx2 parameters; \
    type ck_##name##_avx512 parameters;
CK_FUNCTIONS(DECLARE)

typedef struct {
#define MEMBER(type, name, parameters, arguments) type(*name) parameters;
    CK_FUNCTIONS(MEMBER)
} table;

#define BASELINE(type, name, parameters, arguments) ck_##name##_baseline,
#define AVX2(type, name, parameters, arguments) ck_##name##_avx2,
#define AVX512(type, name, parameters, arguments) ck_##name##_avx512,
static const table tables[] = {
    {CK_FUNCTIONS(BASELINE)},
#if defined(__x86_64__)
    {CK_FUNCTIONS(AVX2)},
    {CK_FUNCTIONS(AVX512)},
#endif
};
static int level_in_force = 0;

int ck_best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    // What avx2.c may be compiled to: virtual machines mask one or another.
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi")
        || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("f16c"))
        return CK_BASELINE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return CK_AVX512;
    return CK_AVX2;
#else
    return CK_BASELINE;
#endif
}
int ck_flush_subnormals(int flush) {
#if defined(__x86_64__)
    // flush to zero, denormals are zeros
    const unsigned bits = 0x8040;
    unsigned before = _mm_getcsr();
    _mm_setcsr(flush ? before | bits : before & ~bits);
#elif defined(__aarch64__)
    const uint64_t bits = 1ul << 24;
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(flush ? before | bits : before & ~bits));
#else
    const int bits = 0, before = 0;
#endif
    return (before & bits) != 0;
}
int ck_level(void) { return level_in_force; }
int ck_use_level(int level) {
    int best = ck_best_level();
    level_in_force = level < CK_BASELINE ? CK_BASELINE : level > best ? best : level;
    return level_in_force;
}
__attribute__((constructor)) static void choose_level(void) { ck_use_level(CK_AVX512); }

#define FORWARD(type, name, parameters, arguments) \
    type ck_##name parameters { return tables[level_in_force].name arguments; }
CK_FUNCTIONS(FORWARD)
