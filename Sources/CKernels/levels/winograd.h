// Convolution by windows of 3 x 3 with stride 1 through Winograd's transform F(4 x 4, 3 x 3): 36 products per channel
// instead of 144 for every 4 x 4 outputs. Source: Lavin and Gray, Fast algorithms for convolutional neural networks, CVPR
// 2016, with the points 0, ±√½, ±√2 and infinity, whose rounding errors are half those of 0, ±1, ±2 and infinity.
//
// y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for a tile d of 6 x 6 inputs; sums over channels are chains of fused multiply-adds over
// ascending channels. A tile depends on nothing but its inputs.
#define SIDE 6
#define PLACES (SIDE * SIDE)
// A place's matrix of n floats begins so far behind the one before: never a multiple of the size of a cache's way.
#define PLACE_STRIDE(n) ((n) + LANES)
#define ROOT 1.41421356f
#define HALF_ROOT 0.707106781f

// Bᵀ d, in place, of six values.
INLINE void winograd_input(vf d[SIDE]) {
    vf even = fma_(d[2], splat(-2.0f), d[4]), odd = fma_(d[3], splat(HALF_ROOT), d[1] * -ROOT);
    vf even2 = fma_(d[2], splat(-0.5f), d[4]), odd2 = fma_(d[3], splat(ROOT), d[1] * -HALF_ROOT);
    vf first = fma_(d[2], splat(-2.5f), d[0] + d[4]), last = fma_(d[3], splat(-2.5f), d[1] + d[5]);
    d[0] = first;
    d[1] = even + odd;
    d[2] = even - odd;
    d[3] = even2 + odd2;
    d[4] = even2 - odd2;
    d[5] = last;
}

// G g of three values.
INLINE void winograd_kernel(const vf g[3], vf u[SIDE]) {
    vf even = fma_(g[0], splat(-0.666666667f), g[2] * -0.333333333f), odd = g[1] * -0.471404521f;
    vf even2 = fma_(g[0], splat(0.166666667f), g[2] * 0.333333333f), odd2 = g[1] * 0.23570226f;
    u[0] = g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = even2 + odd2;
    u[4] = even2 - odd2;
    u[5] = g[2];
}

// Aᵀ m of six values.
INLINE void winograd_output(const vf m[SIDE], vf y[4]) {
    vf even = m[1] + m[2], odd = m[1] - m[2], even2 = m[3] + m[4], odd2 = m[3] - m[4];
    y[0] = m[0] + even + even2;
    y[1] = fma_(odd, splat(HALF_ROOT), odd2 * ROOT);
    y[2] = fma_(even, splat(0.5f), even2 * 2.0f);
    y[3] = fma_(odd, splat(0.353553391f), fma_(odd2, splat(2.82842712f), m[5]));
}

// A y of four values.
INLINE void winograd_spread(const vf y[4], vf a[SIDE]) {
    vf even = fma_(y[2], splat(0.5f), y[0]), odd = fma_(y[1], splat(HALF_ROOT), y[3] * 0.353553391f);
    vf even2 = fma_(y[2], splat(2.0f), y[0]), odd2 = fma_(y[1], splat(ROOT), y[3] * 2.82842712f);
    a[0] = y[0];
    a[1] = even + odd;
    a[2] = even - odd;
    a[3] = even2 + odd2;
    a[4] = even2 - odd2;
    a[5] = y[3];
}

// Gᵀ u of six values.
INLINE void winograd_kernel_gradient(const vf u[SIDE], vf g[3]) {
    vf even = u[1] + u[2], odd = u[1] - u[2], even2 = u[3] + u[4], odd2 = u[3] - u[4];
    g[0] = fma_(even, splat(-0.666666667f), fma_(even2, splat(0.166666667f), u[0]));
    g[1] = fma_(odd, splat(-0.471404521f), odd2 * 0.23570226f);
    g[2] = fma_(even2 - even, splat(0.333333333f), u[5]);
}

// u[place] = panels of (G g Gᵀ)[place], [channel][output]; w is [outputs, 9, channels], both counts multiples of 16.
void K(winograd_weights)(const float *w, long outputs, long channels, float *u) {
    long size = PLACE_STRIDE(channels * ((outputs + PANEL - 1) / PANEL * PANEL));
    vf block[PLACES][LANES];
    for (long o = 0; o < outputs; o += LANES)
        for (long c = 0; c < channels; c += LANES) {
            for (long i = 0; i < LANES; i++) {
                const float *from = w + (o + i) * 9 * channels + c;
                vf half[SIDE][3];
                for (int column = 0; column < 3; column++) {
                    vf g[3], line[SIDE];
                    for (int row = 0; row < 3; row++) g[row] = load(from + (row * 3 + column) * channels);
                    winograd_kernel(g, line);
                    for (int row = 0; row < SIDE; row++) half[row][column] = line[row];
                }
                for (int row = 0; row < SIDE; row++) {
                    vf line[SIDE];
                    winograd_kernel(half[row], line);
                    for (int column = 0; column < SIDE; column++) block[row * SIDE + column][i] = line[column];
                }
            }
            float *to = u + o / PANEL * PANEL * channels + c * PANEL + o % PANEL;
            for (long p = 0; p < PLACES; p++) {
                transpose16(block[p]);
                for (long i = 0; i < LANES; i++) store(to + p * size + i * PANEL, block[p][i]);
            }
        }
}

// What a tile reads or writes: a part of an image.
typedef struct {
    long image, row, column;
} tile_place;

INLINE tile_place place_of_tile(ck_image_sizes s, long tile) {
    long across = (s.out_width + 3) / 4, down = (s.out_height + 3) / 4;
    tile_place p = {tile / (across * down), tile / across % down * 4, tile % across * 4};
    return p;
}

// v[place][row of the block] = Bᵀ d B of one tile, all channels.
static void tile_in(const float *x, ck_image_sizes s, tile_place p, long channels, float *v, long place_stride) {
    float edge[PLACES * LANES];
    long top = p.row - s.before_rows, left = p.column - s.before_columns;
    int inside = top >= 0 && left >= 0 && top + SIDE <= s.height && left + SIDE <= s.width;
    const float *image = x + p.image * s.height * s.width * s.x_stride;
    for (long c = 0; c < channels; c += LANES) {
        const float *from = edge;
        long across = LANES, down = SIDE * LANES;
        if (inside) {
            from = image + (top * s.width + left) * s.x_stride + c;
            across = s.x_stride;
            down = s.width * s.x_stride;
        } else {
            for (long i = 0; i < SIDE; i++)
                for (long j = 0; j < SIDE; j++) {
                    long row = top + i, column = left + j;
                    int exists = row >= 0 && row < s.height && column >= 0 && column < s.width;
                    const float *pixel = image + (row * s.width + column) * s.x_stride + c;
                    store(edge + (i * SIDE + j) * LANES, exists ? load(pixel) : splat(0));
                }
        }
        vf half[SIDE][SIDE];
#pragma clang loop unroll(full)
        for (int j = 0; j < SIDE; j++) {
            vf d[SIDE];
#pragma clang loop unroll(full)
            for (int i = 0; i < SIDE; i++) d[i] = load(from + i * down + j * across);
            winograd_input(d);
#pragma clang loop unroll(full)
            for (int i = 0; i < SIDE; i++) half[i][j] = d[i];
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < SIDE; i++) {
            winograd_input(half[i]);
#pragma clang loop unroll(full)
            for (int j = 0; j < SIDE; j++) store(v + (i * SIDE + j) * place_stride + c, half[i][j]);
        }
    }
}

// The outputs of one tile from m[place].
static void tile_out(
    const float *m, long place_stride, const float *bias, float *y, ck_image_sizes s, tile_place p, long outputs,
    int add) {
    long rows = least(s.out_height - p.row, 4), columns = least(s.out_width - p.column, 4);
    float *image = y + ((p.image * s.out_height + p.row) * s.out_width + p.column) * s.y_stride;
    for (long o = 0; o < outputs; o += LANES) {
        vf half[4][SIDE], offset = bias ? load(bias + o) : splat(0);
#pragma clang loop unroll(full)
        for (int j = 0; j < SIDE; j++) {
            vf line[SIDE], up[4];
#pragma clang loop unroll(full)
            for (int i = 0; i < SIDE; i++) line[i] = load(m + (i * SIDE + j) * place_stride + o);
            winograd_output(line, up);
#pragma clang loop unroll(full)
            for (int i = 0; i < 4; i++) half[i][j] = up[i];
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
            vf line[4];
            winograd_output(half[i], line);
            if (i >= rows) continue;
            for (long j = 0; j < columns; j++) {
                float *to = image + (i * s.out_width + j) * s.y_stride + o;
                put(to, line[j] + offset, add);
            }
        }
    }
}

// Columns of one place for a block of tiles: m (+)= v u.
static void place_product(
    long rows, long channels, const float *v, const float *u, float *m, long outputs) {
    for (long start = 0; start < channels; start += DEPTH)
        for (long column = 0; column < outputs; column += PANEL)
            (outputs - column > LANES ? wide_rows : narrow_rows)(
                rows, least(channels - start, DEPTH), v + start, channels,
                u + column * channels + start * PANEL, PANEL, 0, start > 0, m + column, outputs);
}

// Outputs (+)= convolution + bias, u by winograd_weights; `work`: 36 (TILES (channels + outputs) + 32) floats.
void K(winograd_convolve)(
    const float *x, ck_image_sizes s, long channels, const float *u, long outputs, const float *bias, float *y,
    float *work, int add) {
    long tiles = s.images * ((s.out_height + 3) / 4) * ((s.out_width + 3) / 4);
    long u_stride = PLACE_STRIDE(channels * ((outputs + PANEL - 1) / PANEL * PANEL));
    long v_stride = PLACE_STRIDE(CK_WINOGRAD_TILES * channels), m_stride = PLACE_STRIDE(CK_WINOGRAD_TILES * outputs);
    float *v = work, *m = work + PLACES * v_stride;
    for (long first = 0; first < tiles; first += CK_WINOGRAD_TILES) {
        long count = least(tiles - first, CK_WINOGRAD_TILES);
        for (long t = 0; t < count; t++)
            tile_in(x, s, place_of_tile(s, first + t), channels, v + t * channels, v_stride);
        for (long p = 0; p < PLACES; p++)
            place_product(count, channels, v + p * v_stride, u + p * u_stride, m + p * m_stride, outputs);
        for (long t = 0; t < count; t++)
            tile_out(m + t * outputs, m_stride, bias, y, s, place_of_tile(s, first + t), outputs, add);
    }
}

// v[place][row of the block] = A dy Aᵀ of one tile, zeros outside the image.
static void gradient_in(const float *dy, ck_image_sizes s, tile_place p, long outputs, float *v, long place_stride) {
    long rows = least(s.out_height - p.row, 4), columns = least(s.out_width - p.column, 4);
    const float *image = dy + ((p.image * s.out_height + p.row) * s.out_width + p.column) * s.y_stride;
    for (long o = 0; o < outputs; o += LANES) {
        vf half[SIDE][4];
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) {
            vf line[4], spread[SIDE];
#pragma clang loop unroll(full)
            for (int i = 0; i < 4; i++)
                line[i] = i < rows && j < columns ? load(image + (i * s.out_width + j) * s.y_stride + o) : splat(0);
            winograd_spread(line, spread);
#pragma clang loop unroll(full)
            for (int i = 0; i < SIDE; i++) half[i][j] = spread[i];
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < SIDE; i++) {
            vf line[SIDE];
            winograd_spread(half[i], line);
#pragma clang loop unroll(full)
            for (int j = 0; j < SIDE; j++) store(v + (i * SIDE + j) * place_stride + o, line[j]);
        }
    }
}

// dw[outputs, 9, channels] += gradient of the weights; `du`: 36 (outputs channels + 16) floats, `work` as above.
void K(winograd_gradient)(
    const float *x, ck_image_sizes s, long channels, const float *dy, long outputs, float *dw, float *du,
    float *work) {
    long tiles = s.images * ((s.out_height + 3) / 4) * ((s.out_width + 3) / 4);
    long v_stride = PLACE_STRIDE(CK_WINOGRAD_TILES * channels), m_stride = PLACE_STRIDE(CK_WINOGRAD_TILES * outputs);
    long u_stride = PLACE_STRIDE(outputs * channels);
    float *v = work, *m = work + PLACES * v_stride;
    for (long first = 0; first < tiles; first += CK_WINOGRAD_TILES) {
        long count = least(tiles - first, CK_WINOGRAD_TILES);
        for (long t = 0; t < count; t++) {
            tile_place place = place_of_tile(s, first + t);
            tile_in(x, s, place, channels, v + t * channels, v_stride);
            gradient_in(dy, s, place, outputs, m + t * outputs, m_stride);
        }
        for (long p = 0; p < PLACES; p++) {
            ck_matrix left = {m + p * m_stride, 1, outputs}, right = {v + p * v_stride, channels, 1};
            K(gemm)(outputs, channels, count, left, right, 0, du + p * u_stride, channels, first > 0);
        }
    }
    for (long o = 0; o < outputs; o++)
        for (long c = 0; c < channels; c += LANES) {
            vf half[3][SIDE];
            for (int j = 0; j < SIDE; j++) {
                vf line[SIDE], g[3];
                for (int i = 0; i < SIDE; i++) line[i] = load(du + (i * SIDE + j) * u_stride + o * channels + c);
                winograd_kernel_gradient(line, g);
                for (int i = 0; i < 3; i++) half[i][j] = g[i];
            }
            for (int i = 0; i < 3; i++) {
                vf g[3];
                winograd_kernel_gradient(half[i], g);
                for (int j = 0; j < 3; j++) put(dw + (o * 9 + i * 3 + j) * channels + c, g[j], 1);
            }
        }
}
