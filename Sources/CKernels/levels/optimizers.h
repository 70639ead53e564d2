// One pass over parameters, gradients and moments, with the formulas of PyTorch 2.
INLINE vf root(vf x) { return __builtin_elementwise_sqrt(x); }

// g' = scale g + coupled_decay p; p = shrink p; m += gain1 (g' - m); v = beta2 v + gain2 g'^2;
// p -= step_size m / (inverse_root2 sqrt(v) + epsilon)
INLINE void adam_lanes(ck_adam_rule rule, vf *p, vf g, vf *m, vf *v) {
    g = fma_(splat(rule.coupled_decay), *p, g * rule.gradient_scale);
    *m = fma_(splat(rule.gain1), g - *m, *m);
    *v = fma_(rule.gain2 * g, g, rule.beta2 * *v);
    vf denominator = fma_(root(*v), splat(rule.inverse_root2), splat(rule.epsilon));
    *p = *p * rule.shrink - rule.step_size * *m / denominator;
}
// The processor itself does not fetch beyond the page that it reads.
#define SOON(x) __builtin_prefetch((x) + i + 256, 1)
void K(adam)(ck_adam_rule rule, float *p, const float *g, float *m, float *v, long n) {
    EACH(n,
        SOON(p); SOON(m); SOON(v);
        vf a = load(p + i); vf b = load(m + i); vf c = load(v + i);
        adam_lanes(rule, &a, load(g + i), &b, &c);
        store(p + i, a); store(m + i, b); store(v + i, c);,
        vf a = load_part(p + i, rest, 0); vf b = load_part(m + i, rest, 0); vf c = load_part(v + i, rest, 0);
        adam_lanes(rule, &a, load_part(g + i, rest, 0), &b, &c);
        store_part(p + i, a, rest); store_part(m + i, b, rest); store_part(v + i, c, rest);)
}

// g' = scale g + decay p; b = first ? g' : momentum b + g'; p -= step_size (nesterov ? g' + momentum b : b)
INLINE void sgd_lanes(ck_sgd_rule rule, vf *p, vf g, vf *b) {
    g = fma_(splat(rule.decay), *p, g * rule.gradient_scale);
    vf direction = g;
    if (rule.momentum != 0) {
        *b = rule.first ? g : fma_(splat(rule.momentum), *b, g);
        direction = rule.nesterov ? fma_(splat(rule.momentum), *b, g) : *b;
    }
    *p = fma_(splat(-rule.step_size), direction, *p);
}
void K(sgd)(ck_sgd_rule rule, float *p, const float *g, float *velocity, long n) {
    EACH(n,
        vf a = load(p + i); vf b = velocity ? load(velocity + i) : splat(0);
        sgd_lanes(rule, &a, load(g + i), &b);
        store(p + i, a); if (velocity) store(velocity + i, b);,
        vf a = load_part(p + i, rest, 0); vf b = velocity ? load_part(velocity + i, rest, 0) : splat(0);
        sgd_lanes(rule, &a, load_part(g + i, rest, 0), &b);
        store_part(p + i, a, rest); if (velocity) store_part(velocity + i, b, rest);)
}

// g' = scale g + decay p; s = alpha s + gain g'^2; with a mean: a += gain (g' - a), d = sqrt(max(s - a^2, 0)), else
// d = sqrt s; b = momentum b + g' / (d + epsilon), without momentum the quotient alone; p -= step_size b
INLINE void rmsprop_lanes(ck_rmsprop_rule rule, vf *p, vf g, vf *s, vf *a, vf *b, int centered) {
    g = fma_(splat(rule.decay), *p, g * rule.gradient_scale);
    *s = fma_(rule.gain * g, g, rule.alpha * *s);
    vf variance = *s;
    if (centered) {
        *a = fma_(splat(rule.gain), g - *a, *a);
        variance = at_least(fma_(-*a, *a, variance), 0.0f);
    }
    vf direction = g / (root(variance) + rule.epsilon);
    *b = fma_(splat(rule.momentum), *b, direction);
    *p = fma_(splat(-rule.step_size), *b, *p);
}
void K(rmsprop)(
    ck_rmsprop_rule rule, float *p, const float *g, float *square, float *mean, float *velocity, long n) {
    EACH(n,
        vf w = load(p + i); vf s = load(square + i); vf a = mean ? load(mean + i) : splat(0);
        vf b = velocity ? load(velocity + i) : splat(0);
        rmsprop_lanes(rule, &w, load(g + i), &s, &a, &b, mean != NULL);
        store(p + i, w); store(square + i, s); if (mean) store(mean + i, a); if (velocity) store(velocity + i, b);,
        vf w = load_part(p + i, rest, 0); vf s = load_part(square + i, rest, 0);
        vf a = mean ? load_part(mean + i, rest, 0) : splat(0);
        vf b = velocity ? load_part(velocity + i, rest, 0) : splat(0);
        rmsprop_lanes(rule, &w, load_part(g + i, rest, 0), &s, &a, &b, mean != NULL);
        store_part(p + i, w, rest); store_part(square + i, s, rest); if (mean) store_part(mean + i, a, rest);
        if (velocity) store_part(velocity + i, b, rest);)
}

// g' = scale g + decay p; s += g'^2; p -= step_size g' / (sqrt s + epsilon)
INLINE void adagrad_lanes(ck_adagrad_rule rule, vf *p, vf g, vf *s) {
    g = fma_(splat(rule.decay), *p, g * rule.gradient_scale);
    *s = fma_(g, g, *s);
    *p = *p - rule.step_size * g / (root(*s) + rule.epsilon);
}
void K(adagrad)(ck_adagrad_rule rule, float *p, const float *g, float *sum, long n) {
    EACH(n,
        vf w = load(p + i); vf s = load(sum + i);
        adagrad_lanes(rule, &w, load(g + i), &s);
        store(p + i, w); store(sum + i, s);,
        vf w = load_part(p + i, rest, 0); vf s = load_part(sum + i, rest, 0);
        adagrad_lanes(rule, &w, load_part(g + i, rest, 0), &s);
        store_part(p + i, w, rest); store_part(sum + i, s, rest);)
}
