#pragma once
#include <sys/eventfd.h>
#include <zmq.h>

/// A new event descriptor: closed on exec, never blocking.
static inline int zeromq_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
