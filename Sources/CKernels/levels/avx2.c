#if defined(__x86_64__)
#include <immintrin.h>
#define CK_SUFFIX avx2
#define CK_TILE 6
#define CK_VECTORS 1
#define CK_FUSED 1
#define CK_SCALES 0
#define CK_MASKS 8
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
