// Mamba's recurrence: h = decay h' + delta x b, y = c · h + skip x, per channel d with the states n in lanes.
// Layouts: x, delta, y [T, D]; decay, h [T, D, N]; b, c [T, N]; a [D, N]; skip [D].

void K(scan_decays)(const float *delta, const float *a, float *decay, long steps, long channels, long states) {
    for (long cell = 0; cell < steps * channels; cell++)
        K(scale)(delta[cell], a + cell % channels * states, decay + cell * states, states, 0);
    K(exp)(decay, decay, steps * channels * states);
}
void K(scan)(
    const float *x, const float *delta, const float *decay, const float *b, const float *c, const float *skip,
    const int32_t *offsets, float *h, float *y, long segments, long channels, long states) {
    long width = channels * states;
    for (long s = 0; s < segments; s++)
        for (long t = offsets[s]; t < offsets[s + 1]; t++)
            for (long d = 0; d < channels; d++) {
                long cell = t * channels + d;
                float input = x[cell], gain = delta[cell] * input;
                vf total = splat(0);
                for (long n = 0; n < states; n += LANES) {
                    long count = states - n < LANES ? states - n : LANES, at = cell * states + n;
                    vf state = gain * load_part(b + t * states + n, count, 0);
                    if (t > offsets[s])
                        state = fma_(load_part(decay + at, count, 0), load_part(h + at - width, count, 0), state);
                    store_part(h + at, state, count);
                    total = fma_(load_part(c + t * states + n, count, 0), state, total);
                }
                y[cell] = fold_sum(total) + skip[d] * input;
            }
}
// Adds to dx, ddelta, da, db, dc and dskip; `carry` [D, N] is scratch.
void K(scan_backward)(
    const float *x, const float *delta, const float *a, const float *decay, const float *b, const float *c,
    const float *skip, const float *h, const float *dy, const int32_t *offsets, float *dx, float *ddelta, float *da,
    float *db, float *dc, float *dskip, float *carry, long segments, long channels, long states) {
    long width = channels * states;
    for (long s = 0; s < segments; s++) {
        memset(carry, 0, (size_t)width * 4);
        for (long t = offsets[s + 1] - 1; t >= offsets[s]; t--)
            for (long d = 0; d < channels; d++) {
                long cell = t * channels + d;
                float input = x[cell], rate = delta[cell], outer = dy[cell];
                dskip[d] += outer * input;
                vf by_x = splat(0), by_delta = splat(0);
                for (long n = 0; n < states; n += LANES) {
                    long count = states - n < LANES ? states - n : LANES, at = cell * states + n, own = d * states + n;
                    long row = t * states + n;
                    vf before = t > offsets[s] ? load_part(h + at - width, count, 0) : splat(0);
                    vf factor = load_part(decay + at, count, 0), in = load_part(b + row, count, 0);
                    vf dh = fma_(splat(outer), load_part(c + row, count, 0), load_part(carry + own, count, 0));
                    vf faded = factor * before, moved = dh * rate;
                    store_part(dc + row, fma_(splat(outer), load_part(h + at, count, 0), load_part(dc + row, count, 0)),
                        count);
                    store_part(db + row, fma_(moved, splat(input), load_part(db + row, count, 0)), count);
                    by_x = fma_(moved, in, by_x);
                    by_delta = fma_(dh, fma_(load_part(a + own, count, 0), faded, input * in), by_delta);
                    store_part(da + own, fma_(moved, faded, load_part(da + own, count, 0)), count);
                    store_part(carry + own, dh * factor, count);
                }
                dx[cell] += fold_sum(by_x) + outer * skip[d];
                ddelta[cell] += fold_sum(by_delta);
            }
    }
}
