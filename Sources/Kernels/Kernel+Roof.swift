import CKernels

extension Kernel {
    /// Multiply-adds in registers, as many as the level in force can do in `rounds` rounds; gives the operations done.
    ///
    /// Their time shows the machine's peak; `sum`, in [0, 1) at first, gets what they amount to.
    package static func multiplyAdds(rounds: Int, sum: inout Float) -> Double {
        ck_multiply_adds(rounds, &sum)
    }
}
