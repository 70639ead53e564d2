import CKernels

/// The numeric kernels: non-generic functions over plain memory, one instruction level in force for the process.
///
/// All work on 16 lanes, incomplete ends included: an element's bits do not depend on its place. Sums keep 16 partial sums
/// that are folded 16 → 8 → 4 → 2 → 1. `add` adds to the output instead of overwriting it. exp, log, log1p, tanh, sigmoid
/// and erf are within 2 units in the last place (3 in the baseline of x86-64) and correct at infinities and NaN; activations
/// that are made of them can lose more where they are next to zero (GELU below −3). Sizes are never checked here.
package enum Kernel {
    /// The sets of machine instructions for which the kernels are compiled, slowest first.
    ///
    /// `avx2`, `avx512` and the baseline of aarch64 give the same bits; the baseline of x86-64 has no fused multiply-add.
    package enum Level: Int32, CaseIterable, Sendable {
        case baseline = 0
        case avx2 = 1
        case avx512 = 2
    }

    /// The level in force; the machine's best one at first.
    package static var level: Level { Level(rawValue: ck_level()) ?? .baseline }

    /// The best level of this machine.
    package static var bestLevel: Level { Level(rawValue: ck_best_level()) ?? .baseline }

    /// What to tell people where the portable kernels of x86-64 are in force; nil for all others.
    package static var notice: String? {
        #if arch(x86_64)
            if level == .baseline {
                return
                    "portable kernels in force (no AVX2 with fused multiply-add): several times slower, and other "
                    + "numbers than on machines with AVX2, which cannot join the same run"
            }
        #endif
        return nil
    }

    /// Runs `body` with numbers below the smallest normal one (1.2 · 10⁻³⁸) taken as zero on this thread.
    ///
    /// Gradients that fade over many steps end there, and an x86 processor needs a hundred times as long for such products.
    package static func flushingSubnormals(_ body: () -> Void) {
        let before = ck_flush_subnormals(1)
        body()
        _ = ck_flush_subnormals(before)
    }

    /// Puts a level in force for the whole process, at most the machine's best one (for tests and benchmarks).
    @discardableResult
    package static func use(_ level: Level) -> Level {
        Level(rawValue: ck_use_level(level.rawValue)) ?? .baseline
    }
}
