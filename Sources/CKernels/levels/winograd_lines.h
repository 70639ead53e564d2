// Convolution by windows of 3 with stride 1 along lines through Winograd's transform F(4, 3), with winograd.h's points: 6
// products per channel instead of 12 for every 4 outputs.
//
// y = Aᵀ [(G g) ⊙ (Bᵀ d)] for a tile d of 6 inputs; sums over channels are chains of fused multiply-adds over ascending
// channels. A tile depends on nothing but its inputs.

// u[place] = panels of (G g)[place], [channel][output]; w is [outputs, 3, channels], both counts multiples of 16.
void K(winograd_line_weights)(const float *w, long outputs, long channels, float *u) {
    long size = PLACE_STRIDE(channels * ((outputs + PANEL - 1) / PANEL * PANEL));
    vf block[SIDE][LANES];
    for (long o = 0; o < outputs; o += LANES)
        for (long c = 0; c < channels; c += LANES) {
            for (long i = 0; i < LANES; i++) {
                vf g[3], line[SIDE];
                for (int tap = 0; tap < 3; tap++) g[tap] = load(w + ((o + i) * 3 + tap) * channels + c);
                winograd_kernel(g, line);
                for (int p = 0; p < SIDE; p++) block[p][i] = line[p];
            }
            float *to = u + o / PANEL * PANEL * channels + c * PANEL + o % PANEL;
            for (long p = 0; p < SIDE; p++) {
                transpose16(block[p]);
                for (long i = 0; i < LANES; i++) store(to + p * size + i * PANEL, block[p][i]);
            }
        }
}

// v[place] = Bᵀ d of the tile whose first window begins at place `start` of a line, zeros outside; all channels.
static void line_tile_in(
    const float *x, long x_stride, long start, long length, long channels, float *v, long place_stride) {
    int inside = start >= 0 && start + SIDE <= length;
    for (long c = 0; c < channels; c += LANES) {
        vf d[SIDE];
#pragma clang loop unroll(full)
        for (int j = 0; j < SIDE; j++) {
            long place = start + j;
            d[j] = inside || (place >= 0 && place < length) ? load(x + place * x_stride + c) : splat(0);
        }
        winograd_input(d);
#pragma clang loop unroll(full)
        for (int p = 0; p < SIDE; p++) store(v + p * place_stride + c, d[p]);
    }
}

// `count` <= 4 outputs of a tile from m[place].
static void line_tile_out(
    const float *m, long place_stride, const float *bias, float *y, long y_stride, long count, long outputs, int add) {
    for (long o = 0; o < outputs; o += LANES) {
        vf line[SIDE], out[4], offset = bias ? load(bias + o) : splat(0);
#pragma clang loop unroll(full)
        for (int p = 0; p < SIDE; p++) line[p] = load(m + p * place_stride + o);
        winograd_output(line, out);
        for (long j = 0; j < count; j++) put(y + j * y_stride + o, out[j] + offset, add);
    }
}

// The next tile after one of a line, or the first one of the next line that has any.
INLINE void next_tile(const ck_line *lines, long *line, long *output) {
    *output += 4;
    while (*output >= lines[*line].outputs) {
        ++*line;
        *output = 0;
        if (lines[*line].outputs < 0) return;
    }
}

// Outputs (+)= convolution + bias, u by winograd_line_weights; behind the last line one with outputs < 0; every line has
// outputs. `work`: 6 (TILES (channels + outputs) + 32) floats.
void K(winograd_lines)(
    const float *x, long x_stride, const ck_line *lines, long before, long channels, const float *u, long outputs,
    const float *bias, float *y, long y_stride, float *work, int add) {
    long u_stride = PLACE_STRIDE(channels * ((outputs + PANEL - 1) / PANEL * PANEL));
    long v_stride = PLACE_STRIDE(CK_WINOGRAD_TILES * channels), m_stride = PLACE_STRIDE(CK_WINOGRAD_TILES * outputs);
    float *v = work, *m = work + SIDE * v_stride;
    for (long line = 0, first = 0; lines[line].outputs >= 0;) {
        long count = 0, tile_line = line, output = first;
        for (; count < CK_WINOGRAD_TILES && lines[line].outputs >= 0; count++, next_tile(lines, &line, &first)) {
            ck_line l = lines[line];
            line_tile_in(
                x + l.row * x_stride, x_stride, first - before, l.length, channels, v + count * channels, v_stride);
        }
        for (long p = 0; p < SIDE; p++)
            place_product(count, channels, v + p * v_stride, u + p * u_stride, m + p * m_stride, outputs);
        for (long t = 0; t < count; t++, next_tile(lines, &tile_line, &output)) {
            ck_line l = lines[tile_line];
            line_tile_out(
                m + t * outputs, m_stride, bias, y + (l.output_row + output) * y_stride, y_stride,
                least(l.outputs - output, 4), outputs, add);
        }
    }
}
