// The room ZeroMQ.
