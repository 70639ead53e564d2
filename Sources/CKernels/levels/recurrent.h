// One time step of the recurrent layers on `rows` active samples of `width` units.
//
// Samples are sorted by falling length, so that the active ones come first and the next step has `keep` <= rows of them.
// New states go to `next` (first `keep` rows) and, row r, to out + out_row[r] * out_stride unless out_row[r] < 0. Rows of
// gates are `gate_stride` floats apart, those of states and cells `state_stride`. What the way back needs takes their place
// (if somebody goes back: `saves`), what does not fit stands behind them in the row, and the gates' gradients take that
// place again. The pullbacks get the gradient of the outputs from the same places and, for the first `carried_rows` rows,
// the gradient that the following step passed back.
#define OUTPUT(base) (out_row[r] < 0 ? 0 : (base) + out_row[r] * out_stride)
#define COLUMNS(body) \
    for (long c = 0; c < width; c += LANES) { \
        long n = width - c < LANES ? width - c : LANES; \
        if (n == LANES) { \
            body(load_whole, store_whole) \
        } else { \
            body(load_some, store_some) \
        } \
    }
#define load_whole(p) load(p)
#define store_whole(p, v) store(p, v)
#define load_some(p) load_part(p, n, 0)
#define store_some(p, v) store_part(p, v, n)

// r = s(ir + hr), z = s(iz + hz), n = tanh(in + r hn), h' = n + z (h - n); gates: i, then r, z, n, hn
void K(gru_step)(
    float *gates, long gate_stride, const float *hidden, const float *h, float *next, long state_stride, long keep,
    float *out, long out_stride, const int32_t *out_row, int saves, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *g = hidden + r * 3 * width, *s = h + r * state_stride;
        float *i = gates + r * gate_stride, *o = OUTPUT(out);
        float *t = r < keep ? next + r * state_stride : 0;
#define BODY(get, set) \
    vf reset = sigmoid_(get(i + c) + get(g + c)); \
    vf update = sigmoid_(get(i + width + c) + get(g + width + c)); \
    vf recurrent = get(g + 2 * width + c); \
    vf candidate = tanh_(fma_(reset, recurrent, get(i + 2 * width + c))); \
    vf state = fma_(update, get(s + c) - candidate, candidate); \
    if (o) set(o + c, state); \
    if (t) set(t + c, state); \
    if (saves) { \
        set(i + c, reset); \
        set(i + width + c, update); \
        set(i + 2 * width + c, candidate); \
        set(i + 3 * width + c, recurrent); \
    }
        COLUMNS(BODY)
#undef BODY
    }
}
// gates: the gradients by ir and hr, iz and hz, in, hn
void K(gru_step_backward)(
    const float *dout, long out_stride, const int32_t *out_row, const float *carried, long carried_rows,
    const float *h, long state_stride, float *gates, long gate_stride, float *dh, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *d = OUTPUT(dout), *s = h + r * state_stride;
        const float *e = r < carried_rows ? carried + r * width : 0;
        float *i = gates + r * gate_stride, *ds = dh + r * width;
#define BODY(get, set) \
    vf dstate = d ? get(d + c) : splat(0); \
    if (e) dstate += get(e + c); \
    vf reset = get(i + c), update = get(i + width + c), candidate = get(i + 2 * width + c); \
    vf dupdate = dstate * (get(s + c) - candidate) * update * (1.0f - update); \
    vf dcandidate = dstate * (1.0f - update) * (1.0f - candidate * candidate); \
    vf dreset = dcandidate * get(i + 3 * width + c) * reset * (1.0f - reset); \
    set(i + c, dreset); \
    set(i + width + c, dupdate); \
    set(i + 2 * width + c, dcandidate); \
    set(i + 3 * width + c, dcandidate * reset); \
    set(ds + c, dstate * update);
        COLUMNS(BODY)
#undef BODY
    }
}

// c' = s(f) c + s(i) tanh(g), h' = s(o) tanh(c'); gates: those, then i, f, g, o after their functions, tanh(c')
void K(lstm_step)(
    float *gates, long gate_stride, const float *cell, float *next_h, float *next_c, long state_stride, long keep,
    float *out, long out_stride, const int32_t *out_row, int saves, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *s = cell + r * state_stride;
        float *g = gates + r * gate_stride, *o = OUTPUT(out);
        float *th = r < keep ? next_h + r * state_stride : 0, *tc = r < keep ? next_c + r * state_stride : 0;
#define BODY(get, set) \
    vf in = sigmoid_(get(g + c)), forget = sigmoid_(get(g + width + c)); \
    vf candidate = tanh_(get(g + 2 * width + c)), open = sigmoid_(get(g + 3 * width + c)); \
    vf state = fma_(forget, get(s + c), in * candidate); \
    vf squashed = tanh_(state); \
    if (o) set(o + c, open * squashed); \
    if (th) { \
        set(th + c, open * squashed); \
        set(tc + c, state); \
    } \
    if (saves) { \
        set(g + c, in); \
        set(g + width + c, forget); \
        set(g + 2 * width + c, candidate); \
        set(g + 3 * width + c, open); \
        set(g + 4 * width + c, squashed); \
    }
        COLUMNS(BODY)
#undef BODY
    }
}
void K(lstm_step_backward)(
    const float *dout, long out_stride, const int32_t *out_row, const float *carried_h, const float *carried_c,
    long carried_rows, const float *cell, long state_stride, float *gates, long gate_stride, float *dcell,
    long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *d = OUTPUT(dout), *s = cell + r * state_stride;
        const float *eh = r < carried_rows ? carried_h + r * width : 0;
        const float *ec = r < carried_rows ? carried_c + r * width : 0;
        float *g = gates + r * gate_stride, *ds = dcell + r * width;
#define BODY(get, set) \
    vf dstate = d ? get(d + c) : splat(0); \
    if (eh) dstate += get(eh + c); \
    vf in = get(g + c), forget = get(g + width + c), candidate = get(g + 2 * width + c); \
    vf open = get(g + 3 * width + c), squashed = get(g + 4 * width + c); \
    vf dc = dstate * open * (1.0f - squashed * squashed); \
    if (ec) dc += get(ec + c); \
    set(g + c, dc * candidate * in * (1.0f - in)); \
    set(g + width + c, dc * get(s + c) * forget * (1.0f - forget)); \
    set(g + 2 * width + c, dc * in * (1.0f - candidate * candidate)); \
    set(g + 3 * width + c, dstate * squashed * open * (1.0f - open)); \
    set(ds + c, dc * forget);
        COLUMNS(BODY)
#undef BODY
    }
}

// h' = tanh(gates); gates: those, then h' if `saves`
void K(elman_step)(
    float *gates, long gate_stride, float *next, long state_stride, long keep, float *out, long out_stride,
    const int32_t *out_row, int saves, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        float *g = gates + r * gate_stride, *o = OUTPUT(out), *t = r < keep ? next + r * state_stride : 0;
#define BODY(get, set) \
    vf state = tanh_(get(g + c)); \
    if (o) set(o + c, state); \
    if (t) set(t + c, state); \
    if (saves) set(g + c, state);
        COLUMNS(BODY)
#undef BODY
    }
}
void K(elman_step_backward)(
    const float *dout, long out_stride, const int32_t *out_row, const float *carried, long carried_rows,
    float *gates, long gate_stride, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *d = OUTPUT(dout), *e = r < carried_rows ? carried + r * width : 0;
        float *g = gates + r * gate_stride;
#define BODY(get, set) \
    vf dstate = d ? get(d + c) : splat(0), state = get(g + c); \
    if (e) dstate += get(e + c); \
    set(g + c, dstate * (1.0f - state * state));
        COLUMNS(BODY)
#undef BODY
    }
}
