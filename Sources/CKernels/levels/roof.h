// The most multiply-adds that this level can do: as many independent chains as a product's tile has, all in registers.
// Returns the floating-point operations done, two per multiply-add; `sum` keeps them from being left out.
double K(multiply_adds)(long rounds, float *sum) {
    enum { CHAINS = CK_TILE * CK_VECTORS };
    vf chain[CHAINS], factor = splat(*sum), offset = splat(1.0f - *sum);
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) chain[i] = splat((float)i);
    for (long round = 0; round < rounds; round++)
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) chain[i] = fma_(chain[i], factor, offset);
    vf total = splat(0);
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) total += chain[i];
    *sum = fold_sum(total);
    return 2.0 * LANES * CHAINS * (double)rounds;
}
