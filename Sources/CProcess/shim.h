#pragma once
#include <sys/prctl.h>

/// Keeps the process's memory from core dumps and from other processes of the user; 0 on success. Swift has no variadic C.
static inline int process_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Whether the process may be dumped.
static inline int process_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
