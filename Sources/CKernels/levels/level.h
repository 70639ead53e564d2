// All kernels of one level; CK_SUFFIX and CK_FUSED are set by the including file.
#include "vector.h"
#include "elementwise.h"
#include "rows.h"
#include "random.h"
#include "segments.h"
#include "recurrent.h"
#include "optimizers.h"
#include "gemm.h"
