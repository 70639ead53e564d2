// y = f(x), activations with their pullbacks, sums and linear combinations.
#define MAP(name, function) \
    void K(name)(const float *x, float *y, long n) { \
        EACH(n, store(y + i, function(load(x + i)));, \
            store_part(y + i, function(load_part(x + i, rest, 1)), rest);) \
    }
MAP(exp, exp_)
MAP(log, log_)
MAP(log1p, log1p_)
MAP(tanh, tanh_)
MAP(sigmoid, sigmoid_)
MAP(erf, erf_)

INLINE vf relu_(vf x) { return select_(x > splat(0.0f), x, select_(x != x, x, splat(0.0f))); }
INLINE vf leaky_(vf x) { return select_(x > splat(0.0f), x, x * 0.01f); }
INLINE vf elu_(vf x) {
    // expm1 as tanh(x/2) (e^x + 1): no cancellation near zero
    vf h = at_most(x, 0.0f);
    vf negative = tanh_(h * 0.5f) * (exp_(h) + 1.0f);
    return select_(x > splat(0.0f), x, negative);
}
// Below zero e^(|x| R(|x|)) / 2, above what is left to 1; without cancellation on either side.
INLINE vf normal_cdf(vf x) {
    vf a = abs_(x);
    vf r = fmc(a, -1.965011947e-06f, 2.729453704e-05f);
    r = fma_(r, a, splat(-1.290503152e-04f));
    r = fma_(r, a, splat(-9.491704512e-05f));
    r = fma_(r, a, splat(4.895989730e-03f));
    r = fma_(r, a, splat(-3.638757800e-02f));
    r = fma_(r, a, splat(-3.182988668e-01f));
    r = fma_(r, a, splat(-7.978853276e-01f));
    vf tail = decay_(r * a) * 0.5f;
    return select_(x > splat(0.0f), 1.0f - tail, tail);
}
INLINE vf gelu_(vf x) { return x * normal_cdf(x); }
INLINE vf silu_(vf x) { return x * sigmoid_(x); }
// ln(1 + e^x) without overflow
INLINE vf softplus_(vf x) { return relu_(x) + log1p_(decay_(-abs_(x))); }

INLINE vf relu_slope(vf x, vf y) { return select_(x > splat(0.0f), splat(1.0f), splat(0.0f)); }
INLINE vf leaky_slope(vf x, vf y) { return select_(x > splat(0.0f), splat(1.0f), splat(0.01f)); }
INLINE vf elu_slope(vf x, vf y) { return select_(x > splat(0.0f), splat(1.0f), y + 1.0f); }
INLINE vf tanh_slope(vf x, vf y) { return 1.0f - y * y; }
INLINE vf sigmoid_slope(vf x, vf y) { return y * (1.0f - y); }
INLINE vf gelu_slope(vf x, vf y) {
    vf density = decay_(x * x * -0.5f) * 0.398942280f;
    return fma_(x, density, normal_cdf(x));
}
INLINE vf silu_slope(vf x, vf y) {
    vf s = sigmoid_(x);
    return fma_(y, 1.0f - s, s);
}
INLINE vf softplus_slope(vf x, vf y) { return sigmoid_(x); }

#define ACTIVATE(function) \
    { EACH(n, store(y + i, function(load(x + i)));, \
          store_part(y + i, function(load_part(x + i, rest, 1)), rest);) break; }
void K(activation)(int kind, const float *x, float *y, long n) {
    switch (kind) {
    case CK_RELU: ACTIVATE(relu_)
    case CK_GELU: ACTIVATE(gelu_)
    case CK_SILU: ACTIVATE(silu_)
    case CK_TANH: ACTIVATE(tanh_)
    case CK_SIGMOID: ACTIVATE(sigmoid_)
    case CK_ELU: ACTIVATE(elu_)
    case CK_LEAKY_RELU: ACTIVATE(leaky_)
    case CK_SOFTPLUS: ACTIVATE(softplus_)
    }
}

#define PULL(slope) \
    { EACH(n, put(dx + i, load(dy + i) * slope(load(x + i), load(y + i)), add);, \
          put_part(dx + i, load_part(dy + i, rest, 0) \
              * slope(load_part(x + i, rest, 1), load_part(y + i, rest, 1)), rest, add);) break; }
void K(activation_backward)(
    int kind, const float *x, const float *y, const float *dy, float *dx, long n, int add) {
    switch (kind) {
    case CK_RELU: PULL(relu_slope)
    case CK_GELU: PULL(gelu_slope)
    case CK_SILU: PULL(silu_slope)
    case CK_TANH: PULL(tanh_slope)
    case CK_SIGMOID: PULL(sigmoid_slope)
    case CK_ELU: PULL(elu_slope)
    case CK_LEAKY_RELU: PULL(leaky_slope)
    case CK_SOFTPLUS: PULL(softplus_slope)
    }
}

void K(combine)(float alpha, const float *a, float beta, const float *b, float *z, long n, int add) {
    EACH(n, put(z + i, fma_(splat(alpha), load(a + i), beta * load(b + i)), add);,
        put_part(z + i, fma_(splat(alpha), load_part(a + i, rest, 0), beta * load_part(b + i, rest, 0)), rest,
            add);)
}
void K(multiply)(const float *a, const float *b, float *z, long n, int add) {
    EACH(n, put(z + i, load(a + i) * load(b + i), add);,
        put_part(z + i, load_part(a + i, rest, 0) * load_part(b + i, rest, 0), rest, add);)
}
void K(scale)(float alpha, const float *a, float *z, long n, int add) {
    EACH(n, put(z + i, alpha * load(a + i), add);, put_part(z + i, alpha * load_part(a + i, rest, 0), rest, add);)
}

float K(sum)(const float *x, long n) {
    vf total = splat(0);
    EACH(n, total += load(x + i);, total += load_part(x + i, rest, 0);)
    return fold_sum(total);
}
float K(dot)(const float *x, const float *y, long n) {
    vf total = splat(0);
    EACH(n, total = fma_(load(x + i), load(y + i), total);,
        total = fma_(load_part(x + i, rest, 0), load_part(y + i, rest, 0), total);)
    return fold_sum(total);
}
double K(sum_of_squares)(const float *x, long n) {
    vd total = (vd)(0.0);
    EACH(n, vd v = __builtin_convertvector(load(x + i), vd); total += v * v;,
        vd v = __builtin_convertvector(load_part(x + i, rest, 0), vd); total += v * v;)
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += total[lane];
    return sum;
}
long K(first_nonfinite)(const float *x, long n) {
    // x - x is 0 unless x is not finite; what is not 0 stays: only blocks with such a sum are searched one by one
    long i = 0;
    for (const long block = 16 * LANES; i + block <= n; i += block) {
        vf odd = splat(0);
        for (long j = i; j < i + block; j += LANES) odd += load(x + j) - load(x + j);
        if (fold_sum(odd) != 0) break;
    }
    for (; i < n; i++)
        if (!(x[i] - x[i] == 0)) return i;
    return -1;
}
