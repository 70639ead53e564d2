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
void K(adam)(ck_adam_rule rule, float *p, const float *g, float *m, float *v, long n) {
    EACH(n,
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
