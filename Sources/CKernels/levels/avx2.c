#if defined(__x86_64__)
#define CK_SUFFIX avx2
#define CK_TILE 6
#define CK_VECTORS 1
#define CK_UNROLL 4
#define CK_FUSED 1
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "level.h"
#pragma clang attribute pop
#endif
