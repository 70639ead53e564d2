// The level of every machine: SSE2 on x86-64, NEON (with fused multiply-add) on aarch64.
#define CK_SUFFIX baseline
#if defined(__aarch64__)
#define CK_FUSED 1
#else
#define CK_FUSED 0
#endif
#include "level.h"
