#pragma once
#include <sys/eventfd.h>
#include <zmq.h>

/// A new event descriptor: closed on exec, never blocking.
static inline int zeromq_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// Part of the library since 4.3.0, but declared for builds with drafts only.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
