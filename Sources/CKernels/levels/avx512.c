#if defined(__x86_64__)
#include <immintrin.h>
#define CK_SUFFIX avx512
#define CK_TILE 12
#define CK_VECTORS 2
#define CK_FUSED 1
#define CK_SCALES 1
#define CK_MASKS 16
// The features are listed one by one: with a processor name the compiler prefers 256-bit vectors.
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
