#include "CAllocator.h"

#include <malloc.h>

void callocator_map_blocks_from(size_t bytes) {
    mallopt(M_MMAP_THRESHOLD, (int)bytes);
    mallopt(M_TRIM_THRESHOLD, (int)bytes);
}
