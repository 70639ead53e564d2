// C = A B: every element is one chain of fused multiply-adds over ascending k, whatever stands beside it and however the
// work is cut into tiles. The right-hand matrix is copied into panels of PANEL columns, `DEPTH` rows at a time; a tile
// of up to TILE rows of the result stays in registers.
#define DEPTH 192
#define MIDDLE 384
#define BREADTH 512
#define PANEL (LANES * CK_VECTORS)

static long least(long a, long b) { return a < b ? a : b; }

// 16 x 16 transposition: out[j] = column j of the rows x[0..15].
INLINE void transpose16(vf r[16]) {
    vf t[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4)
#pragma clang loop unroll(full)
        for (int j = 0; j < 2; j++) {
            vf a = t[i + j], b = t[i + j + 2];
            r[i + j] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            r[i + j + 2] = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 8)
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) {
            vf a = r[i + j], b = r[i + j + 4];
            t[i + j] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
            t[i + j + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        }
#pragma clang loop unroll(full)
    for (int j = 0; j < 8; j++) {
        vf a = t[j], b = t[j + 8];
        r[j] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        r[j + 8] = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
}

// panel[j][lane] = b(j, lane) for `depth` rows and `width` <= LANES columns, zeros behind; rows `stride` apart.
static void pack_columns(ck_matrix b, long depth, long width, float *panel, long stride) {
    if (b.column_stride == 1) {
        for (long j = 0; j < depth; j++) {
            const float *row = b.data + j * b.row_stride;
            store(panel + j * stride, width == LANES ? load(row) : load_part(row, width, 0));
        }
        return;
    }
    long j = 0;
    if (b.row_stride == 1)
        for (; j + LANES <= depth; j += LANES) {
            vf block[16];
            for (int lane = 0; lane < LANES; lane++)
                block[lane] = lane < width ? load(b.data + lane * b.column_stride + j) : splat(0);
            transpose16(block);
            for (int row = 0; row < LANES; row++) store(panel + (j + row) * stride, block[row]);
        }
    for (; j < depth; j++)
        for (long lane = 0; lane < LANES; lane++)
            panel[j * stride + lane] = lane < width ? b.data[j * b.row_stride + lane * b.column_stride] : 0;
}

// The compiler would compute one pointer from another at every step.
#define KEEP_APART(pointer) __asm__("" : "+r"(pointer))

// Adds the products of one step to a tile; left(i) is its element of row i.
#define TILE_STEP(left) \
    { \
        vf b[4]; \
        _Pragma("clang loop unroll(full)") \
        for (int v = 0; v < vectors; v++) b[v] = load(panel + v / CK_VECTORS * beside + v % CK_VECTORS * LANES); \
        _Pragma("clang loop unroll(full)") \
        for (int i = 0; i < rows; i++) { \
            vf x = splat(left(i)); \
            _Pragma("clang loop unroll(full)") \
            for (int v = 0; v < vectors; v++) sum[i][v] = fma_(x, b[v], sum[i][v]); \
        } \
        panel += panel_stride; \
    }

// The first values of a tile: of C if asked for, and the bias.
INLINE void tile_begin(
    vf sum[12][4], const int rows, const int vectors, const float *bias, int start_from_c, const float *c,
    long c_stride) {
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[i][v] = splat(0);
    if (start_from_c)
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[i][v] = load(c + i * c_stride + v * LANES);
    if (bias)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) sum[i][v] += load(bias + v * LANES);
}

// How a tile reads its left-hand elements: a(i, j) = a[j rows + i], a[i step + j] or a[j step + i].
enum { CUT, BY_ROWS, BY_COLUMNS };

// Adds `depth` steps to a tile; panels that it meets together are `beside` floats apart.
//
// Four steps at a time and by rows one pointer for every three, so that nearly all instructions are multiply-adds and
// loads: whole numbers that are added up take the same ports.
INLINE void tile_steps(
    vf sum[12][4], const int rows, const int vectors, const int order, long depth, const float *a, long step,
    const float *panel, long panel_stride, long beside) {
    const float *third[4];
#pragma clang loop unroll(full)
    for (int g = 0; 3 * g < rows; g++) third[g] = a + 3 * g * step;
#define OF_ROW(i) third[(i) / 3][(i) % 3 * step + u]
#define OF_COLUMN(i) a[u * (order == CUT ? rows : step) + i]
    long j = 0;
    for (; j + 4 <= depth; j += 4) {
        if (order == BY_ROWS) {
#pragma clang loop unroll(full)
            for (int g = 0; 3 * g < rows; g++) KEEP_APART(third[g]);
#pragma clang loop unroll(full)
            for (int u = 0; u < 4; u++) TILE_STEP(OF_ROW)
#pragma clang loop unroll(full)
            for (int g = 0; 3 * g < rows; g++) third[g] += 4;
        } else {
#pragma clang loop unroll(full)
            for (int u = 0; u < 4; u++) TILE_STEP(OF_COLUMN)
            a += 4 * (order == CUT ? rows : step);
        }
    }
    const int u = 0;
    for (; j < depth; j++) {
        if (order == BY_ROWS) {
            TILE_STEP(OF_ROW)
#pragma clang loop unroll(full)
            for (int g = 0; 3 * g < rows; g++) third[g]++;
        } else {
            TILE_STEP(OF_COLUMN)
            a += order == CUT ? rows : step;
        }
    }
}

INLINE void tile_end(const vf sum[12][4], const int rows, const int vectors, float *c, long c_stride) {
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) store(c + i * c_stride + v * LANES, sum[i][v]);
}

// `rows` x `vectors` * 16 elements of C over `depth` steps.
INLINE void tile(
    const int rows, const int vectors, const int order, long depth, const float *a, long step,
    const float *panel, long panel_stride, const float *bias, int start_from_c, float *c, long c_stride) {
    vf sum[12][4];
    tile_begin(sum, rows, vectors, bias, start_from_c, c, c_stride);
    tile_steps(sum, rows, vectors, order, depth, a, step, panel, panel_stride, PANEL);
    tile_end(sum, rows, vectors, c, c_stride);
}

// All rows of a panel in tiles of nearly equal height; cut tiles stand one after another.
#define TILE_OF(height, vectors, order) \
    case height: \
        tile(height, vectors, order, depth, a, step, panel, panel_stride, bias, start_from_c, c, c_stride); \
        break;
#if CK_TILE == 12
#define TILES(vectors, order) \
    TILE_OF(12, vectors, order) TILE_OF(11, vectors, order) TILE_OF(10, vectors, order) \
    TILE_OF(9, vectors, order) TILE_OF(8, vectors, order) TILE_OF(7, vectors, order) \
    TILE_OF(6, vectors, order) TILE_OF(5, vectors, order) TILE_OF(4, vectors, order) \
    TILE_OF(3, vectors, order) TILE_OF(2, vectors, order) TILE_OF(1, vectors, order)
#elif CK_TILE == 6
#define TILES(vectors, order) \
    TILE_OF(6, vectors, order) TILE_OF(5, vectors, order) TILE_OF(4, vectors, order) \
    TILE_OF(3, vectors, order) TILE_OF(2, vectors, order) TILE_OF(1, vectors, order)
#else
#define TILES(vectors, order) TILE_OF(2, vectors, order) TILE_OF(1, vectors, order)
#endif
#define STRIP(name, vectors, order) \
    static void name( \
        long rows, long depth, const float *a, long step, const float *panel, long panel_stride, \
        const float *bias, int start_from_c, float *c, long c_stride) { \
        for (long tiles = (rows + CK_TILE - 1) / CK_TILE; tiles > 0; tiles--) { \
            long height = (rows + tiles - 1) / tiles; \
            switch (height) { TILES(vectors, order) } \
            rows -= height; \
            a += height * (order == BY_ROWS ? step : order == CUT ? depth : 1); \
            c += height * c_stride; \
        } \
    }
STRIP(wide_rows, CK_VECTORS, BY_ROWS)
STRIP(wide_cut, CK_VECTORS, CUT)
STRIP(wide_columns, CK_VECTORS, BY_COLUMNS)
#if CK_VECTORS > 1
STRIP(narrow_rows, 1, BY_ROWS)
STRIP(narrow_cut, 1, CUT)
STRIP(narrow_columns, 1, BY_COLUMNS)
#else
#define narrow_rows wide_rows
#define narrow_cut wide_cut
#define narrow_columns wide_columns
#endif

// Up to half a tile of rows meets twice as many columns, so that there are enough sums in work to keep the multipliers busy.
#if CK_TILE == 12
static void doubled_rows(
    long rows, long depth, const float *a, long step, const float *panel, long panel_stride, const float *bias,
    int start_from_c, float *c, long c_stride) {
    switch (rows) {
        TILE_OF(6, 2 * CK_VECTORS, BY_ROWS) TILE_OF(5, 2 * CK_VECTORS, BY_ROWS) TILE_OF(4, 2 * CK_VECTORS, BY_ROWS)
        TILE_OF(3, 2 * CK_VECTORS, BY_ROWS) TILE_OF(2, 2 * CK_VECTORS, BY_ROWS) TILE_OF(1, 2 * CK_VECTORS, BY_ROWS)
    }
}
#define DOUBLED_ROWS 6
#else
#define doubled_rows wide_rows
#define DOUBLED_ROWS 0
#endif

// A left-hand matrix that stands column by column is read in place if it spans so few floats (or so few and its columns are
// spread) and meets so few columns; otherwise a copy cut into tiles pays.
#define NEAR_FLOATS 16384
#define NEAR_SPREAD_FLOATS 131072
#define FEW_COLUMNS 256

// Whether lines that are `stride` floats apart fall on all places of the first-level cache: an odd number of its lines apart.
INLINE int is_spread(long stride) { return stride % (2 * LANES) == LANES; }

typedef void strip(long, long, const float *, long, const float *, long, const float *, int, float *, long);

// A strip of fewer columns than the tiles have, by way of memory that has them all; no more than MIDDLE rows.
static void incomplete(
    strip *multiply, long rows, long depth, const float *a, long step, const float *panel, long panel_stride,
    const float *bias, int start_from_c, float *c, long c_stride, long width) {
    float block[MIDDLE * PANEL], offset[PANEL] = {0};
    long whole = width / LANES * LANES, part = width - whole;
    if (bias) memcpy(offset, bias, (size_t)width * 4);
#define COPY_ROWS(to, to_stride, from, from_stride) \
    for (long i = 0; i < rows; i++) { \
        float *y = (to) + i * (to_stride); \
        const float *x = (from) + i * (from_stride); \
        for (long j = 0; j < whole; j += LANES) store(y + j, load(x + j)); \
        store_part(y + whole, load_part(x + whole, part, 0), part); \
    }
    if (start_from_c) COPY_ROWS(block, PANEL, c, c_stride)
    multiply(rows, depth, a, step, panel, panel_stride, bias ? offset : 0, start_from_c, block, PANEL);
    COPY_ROWS(c, c_stride, block, PANEL)
}

// A block of a matrix that stands column by column, cut into the tiles that STRIP takes; 16 steps at a time, whose lines stay
// in the first-level cache until all tiles have taken their part.
static void pack_rows(const float *a, long row_stride, long column_stride, long rows, long depth, float *block) {
    for (long start = 0; start < depth; start += LANES) {
        long end = least(start + LANES, depth), left = rows;
        const float *from = a;
        float *to = block;
        for (long tiles = (rows + CK_TILE - 1) / CK_TILE; tiles > 0; tiles--) {
            long height = (left + tiles - 1) / tiles, j = start;
            // sixteen at a time: what is too much is overwritten by the next steps, but for the last ones
            long last = depth - (LANES + height - 1) / height;
            if (row_stride == 1 && column_stride >= LANES)
                for (; j < end && j <= last; j++) store(to + j * height, load(from + j * column_stride));
            for (; j < end; j++)
                for (long i = 0; i < height; i++) to[j * height + i] = from[i * row_stride + j * column_stride];
            left -= height;
            from += height * row_stride;
            to += height * depth;
        }
    }
}

// One column: 16 partial sums per row, folded at the end, as in `dot`.
static void one_column(
    long m, long k, ck_matrix a, ck_matrix b, const float *bias, float *c, long c_stride, int add) {
    vf total[64];
    float right[DEPTH], left[DEPTH];
    for (long row = 0; row < m; row += 64) {
        long rows = least(m - row, 64);
        for (long i = 0; i < rows; i++) total[i] = splat(0);
        for (long start = 0; start < k; start += DEPTH) {
            long depth = least(k - start, DEPTH);
            for (long j = 0; j < depth; j++) right[j] = b.data[(start + j) * b.row_stride];
            for (long i = 0; i < rows; i++) {
                const float *x = a.data + (row + i) * a.row_stride + start * a.column_stride;
                if (a.column_stride != 1) {
                    for (long j = 0; j < depth; j++) left[j] = x[j * a.column_stride];
                    x = left;
                }
                vf sum = total[i];
                long j = 0;
                for (; j + LANES <= depth; j += LANES) sum = fma_(load(x + j), load(right + j), sum);
                if (j < depth)
                    sum = fma_(load_part(x + j, depth - j, 0), load_part(right + j, depth - j, 0), sum);
                total[i] = sum;
            }
        }
        for (long i = 0; i < rows; i++) {
            float *to = c + (row + i) * c_stride, value = fold_sum(total[i]) + (bias ? bias[0] : 0);
            *to = add ? *to + value : value;
        }
    }
}

// Panels of the right-hand matrix that can be read in place, when few rows use them or theirs are spread, are left where they
// are.
INLINE int in_place(long m, long n, ck_matrix b, long column) {
    return (m <= 4 * CK_TILE || is_spread(b.row_stride)) && b.column_stride == 1 && column + PANEL <= n;
}

// The left-hand block in work, cut into tiles.
static _Thread_local float block[DEPTH * MIDDLE + 2 * LANES] __attribute__((aligned(64)));

// n <= BREADTH columns, depth <= DEPTH steps.
static void block_product(
    long m, long n, long depth, ck_matrix a, ck_matrix b, const float *bias, float *c, long c_stride,
    int start_from_c) {
    static _Thread_local float panels[DEPTH * BREADTH] __attribute__((aligned(64)));
    for (long column = 0; column < n; column += LANES) {
        if (in_place(m, n, b, column / PANEL * PANEL)) continue;
        ck_matrix part = {b.data + column * b.column_stride, b.row_stride, b.column_stride};
        float *panel = panels + column / PANEL * PANEL * depth + column % PANEL;
        pack_columns(part, depth, least(n - column, LANES), panel, PANEL);
    }
    long most = is_spread(a.column_stride) ? NEAR_SPREAD_FLOATS : NEAR_FLOATS;
    int is_near = a.row_stride == 1 && n <= FEW_COLUMNS && depth * a.column_stride <= most;
    int order = a.column_stride == 1 ? BY_ROWS : is_near ? BY_COLUMNS : CUT;
    for (long row = 0; row < m; row += MIDDLE) {
        long rows = least(m - row, MIDDLE);
        const float *left = a.data + row * a.row_stride;
        if (order == CUT) {
            pack_rows(left, a.row_stride, a.column_stride, rows, depth, block);
            left = block;
        }
        for (long column = 0; column < n; column += PANEL) {
            if (m <= DOUBLED_ROWS && order == BY_ROWS && in_place(m, n, b, column + PANEL)) {
                doubled_rows(
                    rows, depth, left, a.row_stride, b.data + column, b.row_stride, bias ? bias + column : 0,
                    start_from_c, c + column, c_stride);
                column += PANEL;
                continue;
            }
            long width = least(n - column, PANEL);
            int place = in_place(m, n, b, column);
            const float *panel = place ? b.data + column : panels + column * depth;
            const float *offset = bias ? bias + column : 0;
            float *to = c + row * c_stride + column;
            static strip *const strips[2][3] = {
                {narrow_cut, narrow_rows, narrow_columns}, {wide_cut, wide_rows, wide_columns}};
            strip *multiply = strips[width > LANES][order];
            long step = order == BY_COLUMNS ? a.column_stride : a.row_stride;
            if (width % LANES == 0)
                multiply(
                    rows, depth, left, step, panel, place ? b.row_stride : PANEL, offset, start_from_c, to,
                    c_stride);
            else
                incomplete(
                    multiply, rows, depth, left, step, panel, PANEL, offset, start_from_c, to, c_stride,
                    width);
        }
    }
}

// Few rows and a right-hand matrix that stands column by column: the transposed product leaves that one where it is and
// copies the few rows instead.
INLINE int is_quicker_turned(long m, long n, long k, ck_matrix b) {
    return m <= LANES && 2 * m > LANES && n >= LANES && k >= 4 * LANES && b.row_stride == 1 && b.column_stride != 1;
}
static void turned_product(
    long m, long n, long depth, ck_matrix a, ck_matrix b, const float *bias, float *c, long c_stride,
    int start_from_c) {
    static _Thread_local float panel[DEPTH * LANES] __attribute__((aligned(64)));
    static _Thread_local float turned[BREADTH * LANES] __attribute__((aligned(64)));
    pack_columns((ck_matrix){a.data, a.column_stride, a.row_stride}, depth, m, panel, LANES);
    vf lines[16];
    int begins = bias || start_from_c;
    for (long column = 0; column < n && begins; column += LANES) {
        long width = least(n - column, LANES);
        vf first = bias ? load_part(bias + column, width, 0) : splat(0);
        for (long i = 0; i < LANES; i++) {
            lines[i] = splat(0);
            if (start_from_c && i < m) lines[i] = load_part(c + i * c_stride + column, width, 0);
            if (bias) lines[i] += first;
        }
        transpose16(lines);
        for (long j = 0; j < width; j++) store(turned + (column + j) * LANES, lines[j]);
    }
    narrow_rows(n, depth, b.data, b.column_stride, panel, LANES, 0, begins, turned, LANES);
    for (long column = 0; column < n; column += LANES) {
        long width = least(n - column, LANES);
        for (long j = 0; j < LANES; j++) lines[j] = load(turned + least(column + j, n - 1) * LANES);
        transpose16(lines);
        for (long i = 0; i < m; i++) store_part(c + i * c_stride + column, lines[i], width);
    }
}

void K(gemm)(
    long m, long n, long k, ck_matrix a, ck_matrix b, const float *bias, float *c, long c_stride, int add) {
    if (n == 1) {
        one_column(m, k, a, b, bias, c, c_stride, add);
        return;
    }
    for (long column = 0; column < n; column += BREADTH)
        for (long start = 0; start < k || start == 0; start += DEPTH) {
            ck_matrix left = {a.data + start * a.column_stride, a.row_stride, a.column_stride};
            ck_matrix right = {
                b.data + start * b.row_stride + column * b.column_stride, b.row_stride, b.column_stride};
            (is_quicker_turned(m, n, k, b) ? turned_product : block_product)(
                m, least(n - column, BREADTH), least(k - start, DEPTH), left, right,
                start == 0 && bias ? bias + column : 0, c + column, c_stride, add || start > 0);
        }
}

// y = transposed x; the strides are floats per row
void K(transpose)(const float *x, long x_stride, float *y, long y_stride, long rows, long columns) {
    for (long r = 0; r < rows; r += LANES)
        for (long c = 0; c < columns; c += LANES) {
            if (r + LANES <= rows && c + LANES <= columns) {
                vf block[16];
                for (int i = 0; i < LANES; i++) block[i] = load(x + (r + i) * x_stride + c);
                transpose16(block);
                for (int i = 0; i < LANES; i++) store(y + (c + i) * y_stride + r, block[i]);
                continue;
            }
            for (long i = r; i < least(r + LANES, rows); i++)
                for (long j = c; j < least(c + LANES, columns); j++) y[j * y_stride + i] = x[i * x_stride + j];
        }
}
