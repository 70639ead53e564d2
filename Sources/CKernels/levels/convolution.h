// Convolutions that read their windows where they stand: a product whose left-hand rows are cut into one span per tap.
// Every element is one chain of fused multiply-adds over ascending (tap, channel), as in `gemm` on copied windows.

// `rows` x `vectors` * 16 elements of C over `spans` spans of `depth` steps each. In an image the windows' spans begin at
// a + span[s] and those of the panel stand one after another; otherwise it is the other way round and a is packed.
INLINE void span_tile(
    const int rows, const int vectors, const int in_image, long spans, long depth, const float *a,
    const long *span, long step, const float *panel, long beside, const float *bias, int start_from_c, float *c,
    long c_stride) {
    vf sum[12][4];
    tile_begin(sum, rows, vectors, bias, start_from_c, c, c_stride);
    for (long s = 0; s < spans; s++)
        if (in_image)
            tile_steps(sum, rows, vectors, BY_ROWS, depth, a + span[s], step, panel + s * depth * PANEL, PANEL, beside);
        else
            tile_steps(sum, rows, vectors, CUT, depth, a + s * depth * rows, 0, panel + span[s], step, PANEL);
    tile_end(sum, rows, vectors, c, c_stride);
}

// All rows in tiles of nearly equal height, as STRIP.
#undef TILE_OF
#define TILE_OF(height, vectors, in_image) \
    case height: \
        span_tile( \
            height, vectors, in_image, spans, depth, a, span, step, panel, beside, bias, start_from_c, c, c_stride); \
        break;
#define SPAN_STRIP(name, vectors, in_image) \
    static void name( \
        long rows, long spans, long depth, const float *a, const long *span, long step, const float *panel, \
        const float *bias, int start_from_c, float *c, long c_stride) { \
        const long beside = PANEL; \
        for (long tiles = (rows + CK_TILE - 1) / CK_TILE; tiles > 0; tiles--) { \
            long height = (rows + tiles - 1) / tiles; \
            switch (height) { TILES(vectors, in_image) } \
            rows -= height; \
            a += height * (in_image ? step : spans * depth); \
            c += height * c_stride; \
        } \
    }
SPAN_STRIP(wide_windows, CK_VECTORS, 1)
SPAN_STRIP(wide_lines, CK_VECTORS, 0)
#if CK_VECTORS > 1
SPAN_STRIP(narrow_windows, 1, 1)
SPAN_STRIP(narrow_lines, 1, 0)
#else
#define narrow_windows wide_windows
#define narrow_lines wide_lines
#endif

// Few outputs meet two panels at a time, as `doubled_rows`.
#if CK_TILE == 12
static void doubled_windows(
    long rows, long spans, long depth, const float *a, const long *span, long step, const float *panel, long beside,
    const float *bias, int start_from_c, float *c, long c_stride) {
    switch (rows) {
        TILE_OF(6, 2 * CK_VECTORS, 1) TILE_OF(5, 2 * CK_VECTORS, 1) TILE_OF(4, 2 * CK_VECTORS, 1)
        TILE_OF(3, 2 * CK_VECTORS, 1) TILE_OF(2, 2 * CK_VECTORS, 1) TILE_OF(1, 2 * CK_VECTORS, 1)
    }
}
#else
static void doubled_windows(
    long rows, long spans, long depth, const float *a, const long *span, long step, const float *panel, long beside,
    const float *bias, int start_from_c, float *c, long c_stride) {
    (void)beside;
    wide_windows(rows, spans, depth, a, span, step, panel, bias, start_from_c, c, c_stride);
}
#endif

void K(pack_panels)(ck_matrix b, long k, long n, float *panels) {
    for (long column = 0; column < n; column += LANES) {
        ck_matrix part = {b.data + column * b.column_stride, b.row_stride, b.column_stride};
        pack_columns(
            part, k, least(n - column, LANES), panels + column / PANEL * PANEL * k + column % PANEL, PANEL);
    }
}

// Bytes of a panel that stay in the first-level cache while the lines of an image pass by.
#define NEAR_PANEL 32768

// One panel's columns of a line of outputs.
static void window_line(
    long width, long taps, long depth, const float *a, const long *tap, long row_step, const float *panel,
    const float *bias, int start_from_c, float *c, long c_stride, long columns) {
    float part[CK_TILE * PANEL];
    if (columns % LANES == 0) {
        (columns > LANES ? wide_windows : narrow_windows)(
            width, taps, depth, a, tap, row_step, panel, bias, start_from_c, c, c_stride);
        return;
    }
    for (long row = 0; row < width; row += CK_TILE) {
        long rows = least(width - row, CK_TILE);
        float *to = c + row * c_stride;
        if (start_from_c)
            for (long i = 0; i < rows; i++) memcpy(part + i * PANEL, to + i * c_stride, (size_t)columns * 4);
        (columns > LANES ? wide_windows : narrow_windows)(
            rows, taps, depth, a + row * row_step, tap, row_step, panel, bias, start_from_c, part, PANEL);
        for (long i = 0; i < rows; i++) memcpy(to + i * c_stride, part + i * PANEL, (size_t)columns * 4);
    }
}

// y[line width + r, :] (+)= bias + Σ_t Σ_j x[line line_step + r row_step + tap[t] + j] B[t depth + j, :]
void K(convolve)(
    const float *x, long row_step, long line_step, const long *tap, long taps, long depth, const float *panels,
    long n, const float *bias, float *y, long y_stride, long width, long lines, int add) {
    long together = NEAR_PANEL / 4 / PANEL / (depth > 0 ? depth : 1);
    if (together < 1 || lines * width < 2 * CK_TILE) together = taps;
    if (together < 1) together = 1;
    for (long column = 0; column < n; column += PANEL) {
        if (lines == 1 && width <= DOUBLED_ROWS && n - column >= 2 * PANEL) {
            long height = taps * depth;
            doubled_windows(
                width, taps, depth, x, tap, row_step, panels + column * height, PANEL * height,
                bias ? bias + column : 0, add, y + column, y_stride);
            column += PANEL;
            continue;
        }
        long columns = least(n - column, PANEL);
        float offset[PANEL] = {0};
        if (bias) memcpy(offset, bias + column, (size_t)columns * 4);
        for (long first = 0; first < taps; first += together)
            for (long line = 0; line < lines; line++)
                window_line(
                    width, least(taps - first, together), depth, x + line * line_step, tap + first, row_step,
                    panels + (column * taps + first * PANEL) * depth, first == 0 && bias ? offset : 0,
                    add || first > 0, y + line * width * y_stride + column, y_stride, columns);
    }
}

// dw[o, t channels + c] += Σ_line Σ_r dy[line width + r, o] x[line line_step + r row_step + tap[t] + c] in ascending
// (line, r); channels is a multiple of 16 and width <= DEPTH.
void K(convolve_weights)(
    const float *dy, long dy_stride, long outputs, const float *x, long row_step, long line_step, const long *tap,
    long taps, long channels, long width, long lines, float *dw) {
    long together = DEPTH / width, span[DEPTH];
    for (long line = 0; line < lines; line += together) {
        long count = least(lines - line, together);
        for (long s = 0; s < count; s++) span[s] = (line + s) * line_step;
        for (long output = 0; output < outputs; output += MIDDLE) {
            long rows = least(outputs - output, MIDDLE);
            pack_rows(dy + line * width * dy_stride + output, 1, dy_stride, rows, count * width, block);
            for (long t = 0; t < taps; t++)
                for (long c = 0; c < channels; c += PANEL)
                    (channels - c > LANES ? wide_lines : narrow_lines)(
                        rows, count, width, block, span, row_step, x + tap[t] + c, 0, 1,
                        dw + (output * taps + t) * channels + c, taps * channels);
        }
    }
}
