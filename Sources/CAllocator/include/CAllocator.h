#ifndef C_ALLOCATOR_H
#define C_ALLOCATOR_H

#include <stddef.h>

/// Blocks of at least `bytes` are mapped on their own and go back to the system as soon as they are freed; as much freed
/// memory as that is kept for smaller ones. At most 32 MiB. Swift's Glibc module has no malloc.h.
void callocator_map_blocks_from(size_t bytes);

#endif
