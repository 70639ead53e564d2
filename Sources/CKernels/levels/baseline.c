// The level of every machine: SSE2 on x86-64, NEON (with fused multiply-add) on aarch64.
#define CK_SUFFIX baseline
#define CK_TILE 2
#define CK_VECTORS 1
#if defined(__aarch64__)
#define CK_FUSED 1
#else
#define CK_FUSED 0
#endif
#define CK_SCALES 0
#define CK_MASKS 0
#include "level.h"
