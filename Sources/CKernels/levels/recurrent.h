// One time step of the recurrent layers on `rows` active samples of `width` units.
//
// Samples are sorted by falling length, so that the active ones come first and the next step has `keep` <= rows of
// them. New states go to `next` (first `keep` rows) and, row r, to out + out_row[r] * out_stride.
// The pullbacks get the gradient of the outputs from the same places and, for the first `carried_rows` rows, the
// gradient that the following step passed back.
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

// r = s(ir + hr), z = s(iz + hz), n = tanh(in + r hn), h' = n + z (h - n); saved: r, z, n, hn
void K(gru_step)(
    const float *input, const float *hidden, const float *h, float *next, long keep, float *out, long out_stride,
    const int32_t *out_row, float *saved, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *i = input + r * 3 * width, *g = hidden + r * 3 * width, *s = h + r * width;
        float *o = out + out_row[r] * out_stride, *k = saved ? saved + r * 4 * width : 0;
        float *t = r < keep ? next + r * width : 0;
#define BODY(get, set) \
    vf reset = sigmoid_(get(i + c) + get(g + c)); \
    vf update = sigmoid_(get(i + width + c) + get(g + width + c)); \
    vf recurrent = get(g + 2 * width + c); \
    vf candidate = tanh_(fma_(reset, recurrent, get(i + 2 * width + c))); \
    vf state = fma_(update, get(s + c) - candidate, candidate); \
    set(o + c, state); \
    if (t) set(t + c, state); \
    if (k) { \
        set(k + c, reset); \
        set(k + width + c, update); \
        set(k + 2 * width + c, candidate); \
        set(k + 3 * width + c, recurrent); \
    }
        COLUMNS(BODY)
#undef BODY
    }
}
void K(gru_step_backward)(
    const float *dout, long dout_stride, const int32_t *out_row, const float *carried, long carried_rows,
    const float *h, const float *saved, float *dinput, float *dhidden, float *dh, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *d = dout + out_row[r] * dout_stride, *k = saved + r * 4 * width, *s = h + r * width;
        const float *e = r < carried_rows ? carried + r * width : 0;
        float *di = dinput + r * 3 * width, *dg = dhidden + r * 3 * width, *ds = dh + r * width;
#define BODY(get, set) \
    vf dstate = get(d + c); \
    if (e) dstate += get(e + c); \
    vf reset = get(k + c), update = get(k + width + c), candidate = get(k + 2 * width + c); \
    vf dupdate = dstate * (get(s + c) - candidate) * update * (1.0f - update); \
    vf dcandidate = dstate * (1.0f - update) * (1.0f - candidate * candidate); \
    vf dreset = dcandidate * get(k + 3 * width + c) * reset * (1.0f - reset); \
    set(di + c, dreset); \
    set(di + width + c, dupdate); \
    set(di + 2 * width + c, dcandidate); \
    set(dg + c, dreset); \
    set(dg + width + c, dupdate); \
    set(dg + 2 * width + c, dcandidate * reset); \
    set(ds + c, dstate * update);
        COLUMNS(BODY)
#undef BODY
    }
}

// c' = s(f) c + s(i) tanh(g), h' = s(o) tanh(c'); saved: i, f, g, o after their functions, tanh(c')
void K(lstm_step)(
    const float *gates, const float *cell, float *next_h, float *next_c, long keep, float *out, long out_stride,
    const int32_t *out_row, float *saved, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *g = gates + r * 4 * width, *s = cell + r * width;
        float *o = out + out_row[r] * out_stride, *k = saved ? saved + r * 5 * width : 0;
        float *th = r < keep ? next_h + r * width : 0, *tc = r < keep ? next_c + r * width : 0;
#define BODY(get, set) \
    vf in = sigmoid_(get(g + c)), forget = sigmoid_(get(g + width + c)); \
    vf candidate = tanh_(get(g + 2 * width + c)), open = sigmoid_(get(g + 3 * width + c)); \
    vf state = fma_(forget, get(s + c), in * candidate); \
    vf squashed = tanh_(state); \
    set(o + c, open * squashed); \
    if (th) { \
        set(th + c, open * squashed); \
        set(tc + c, state); \
    } \
    if (k) { \
        set(k + c, in); \
        set(k + width + c, forget); \
        set(k + 2 * width + c, candidate); \
        set(k + 3 * width + c, open); \
        set(k + 4 * width + c, squashed); \
    }
        COLUMNS(BODY)
#undef BODY
    }
}
void K(lstm_step_backward)(
    const float *dout, long dout_stride, const int32_t *out_row, const float *carried_h, const float *carried_c,
    long carried_rows, const float *cell, const float *saved, float *dgates, float *dcell, long rows,
    long width) {
    for (long r = 0; r < rows; r++) {
        const float *d = dout + out_row[r] * dout_stride, *k = saved + r * 5 * width, *s = cell + r * width;
        const float *eh = r < carried_rows ? carried_h + r * width : 0;
        const float *ec = r < carried_rows ? carried_c + r * width : 0;
        float *dg = dgates + r * 4 * width, *ds = dcell + r * width;
#define BODY(get, set) \
    vf dstate = get(d + c); \
    if (eh) dstate += get(eh + c); \
    vf in = get(k + c), forget = get(k + width + c), candidate = get(k + 2 * width + c); \
    vf open = get(k + 3 * width + c), squashed = get(k + 4 * width + c); \
    vf dc = dstate * open * (1.0f - squashed * squashed); \
    if (ec) dc += get(ec + c); \
    set(dg + c, dc * candidate * in * (1.0f - in)); \
    set(dg + width + c, dc * get(s + c) * forget * (1.0f - forget)); \
    set(dg + 2 * width + c, dc * in * (1.0f - candidate * candidate)); \
    set(dg + 3 * width + c, dstate * squashed * open * (1.0f - open)); \
    set(ds + c, dc * forget);
        COLUMNS(BODY)
#undef BODY
    }
}

// h' = tanh(gates); saved: h'
void K(elman_step)(
    const float *gates, float *next, long keep, float *out, long out_stride, const int32_t *out_row, float *saved,
    long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *g = gates + r * width;
        float *o = out + out_row[r] * out_stride, *k = saved ? saved + r * width : 0;
        float *t = r < keep ? next + r * width : 0;
#define BODY(get, set) \
    vf state = tanh_(get(g + c)); \
    set(o + c, state); \
    if (t) set(t + c, state); \
    if (k) set(k + c, state);
        COLUMNS(BODY)
#undef BODY
    }
}
void K(elman_step_backward)(
    const float *dout, long dout_stride, const int32_t *out_row, const float *carried, long carried_rows,
    const float *saved, float *dgates, long rows, long width) {
    for (long r = 0; r < rows; r++) {
        const float *d = dout + out_row[r] * dout_stride, *k = saved + r * width;
        const float *e = r < carried_rows ? carried + r * width : 0;
        float *dg = dgates + r * width;
#define BODY(get, set) \
    vf dstate = get(d + c), state = get(k + c); \
    if (e) dstate += get(e + c); \
    set(dg + c, dstate * (1.0f - state * state));
        COLUMNS(BODY)
#undef BODY
    }
}
