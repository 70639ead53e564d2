// All kernels of one level. The including file sets CK_SUFFIX, CK_TILE and CK_VECTORS (the tile of products), CK_FUSED
// (multiply-add rounds once), CK_SCALES (one instruction multiplies by a power of two) and CK_MASKS (lanes of masked moves).
#include "vector.h"
#include "elementwise.h"
#include "rows.h"
#include "random.h"
#include "segments.h"
#include "recurrent.h"
#include "optimizers.h"
#include "gemm.h"
#include "convolution.h"
#include "pooling.h"
#include "norms.h"
#include "roof.h"
