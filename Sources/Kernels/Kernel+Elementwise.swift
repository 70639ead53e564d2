import CKernels

/// Elementwise functions with a derivative; raw values are the names in configurations.
package enum Activation: String, CaseIterable, Codable, Sendable {
    case relu
    /// x Φ(x) with the exact normal distribution function (erf).
    case gelu
    /// x σ(x).
    case silu
    case tanh
    case sigmoid
    /// x above zero, eˣ − 1 below.
    case elu
    /// x above zero, 0.01 x below.
    case leakyReLU = "leaky_relu"
    /// ln(1 + eˣ).
    case softplus

    fileprivate var kind: Int32 {
        switch self {
        case .relu: return Int32(CK_RELU.rawValue)
        case .gelu: return Int32(CK_GELU.rawValue)
        case .silu: return Int32(CK_SILU.rawValue)
        case .tanh: return Int32(CK_TANH.rawValue)
        case .sigmoid: return Int32(CK_SIGMOID.rawValue)
        case .elu: return Int32(CK_ELU.rawValue)
        case .leakyReLU: return Int32(CK_LEAKY_RELU.rawValue)
        case .softplus: return Int32(CK_SOFTPLUS.rawValue)
        }
    }
}

extension Kernel {
    /// y = eˣ.
    package static func exp(_ x: Floats, _ y: MutableFloats, _ count: Int) { ck_exp(x, y, count) }
    /// y = ln x.
    package static func log(_ x: Floats, _ y: MutableFloats, _ count: Int) { ck_log(x, y, count) }
    /// y = ln(1 + x).
    package static func log1p(_ x: Floats, _ y: MutableFloats, _ count: Int) { ck_log1p(x, y, count) }
    /// y = tanh x.
    package static func tanh(_ x: Floats, _ y: MutableFloats, _ count: Int) { ck_tanh(x, y, count) }
    /// y = 1 / (1 + e⁻ˣ).
    package static func sigmoid(_ x: Floats, _ y: MutableFloats, _ count: Int) { ck_sigmoid(x, y, count) }
    /// y = erf x.
    package static func erf(_ x: Floats, _ y: MutableFloats, _ count: Int) { ck_erf(x, y, count) }

    /// y = f(x).
    package static func activation(_ function: Activation, _ x: Floats, _ y: MutableFloats, _ count: Int) {
        ck_activation(function.kind, x, y, count)
    }

    /// dx = dy f′(x), where y = f(x).
    package static func activationPullback(
        _ function: Activation, x: Floats, y: Floats, dy: Floats, dx: MutableFloats, count: Int, add: Bool
    ) {
        ck_activation_backward(function.kind, x, y, dy, dx, count, add ? 1 : 0)
    }

    /// z = α a + β b.
    package static func combine(
        _ alpha: Float, _ a: Floats, _ beta: Float, _ b: Floats, into z: MutableFloats, count: Int,
        add: Bool = false
    ) {
        ck_combine(alpha, a, beta, b, z, count, add ? 1 : 0)
    }

    /// z = a b, element by element.
    package static func multiply(
        _ a: Floats, _ b: Floats, into z: MutableFloats, count: Int, add: Bool = false
    ) {
        ck_multiply(a, b, z, count, add ? 1 : 0)
    }

    /// z = a / b, element by element.
    package static func divide(
        _ a: Floats, _ b: Floats, into z: MutableFloats, count: Int, add: Bool = false
    ) {
        // A quotient is rounded once on every processor, so that the compiler's vectors have the bits of one division.
        if add {
            for place in 0..<count { z[place] += a[place] / b[place] }
        } else {
            for place in 0..<count { z[place] = a[place] / b[place] }
        }
    }

    /// z = √a, element by element.
    package static func squareRoot(_ a: Floats, into z: MutableFloats, count: Int) {
        for place in 0..<count { z[place] = a[place].squareRoot() }
    }

    /// z = α a.
    package static func scale(
        _ alpha: Float, _ a: Floats, into z: MutableFloats, count: Int, add: Bool = false
    ) {
        ck_scale(alpha, a, z, count, add ? 1 : 0)
    }

    /// Σ x.
    package static func sum(_ x: Floats, count: Int) -> Float { ck_sum(x, count) }
    /// Σ x y.
    package static func dot(_ x: Floats, _ y: Floats, count: Int) -> Float { ck_dot(x, y, count) }
    /// Σ x², in double precision.
    package static func sumOfSquares(_ x: Floats, count: Int) -> Double { ck_sum_of_squares(x, count) }

    /// The place of the first NaN or infinity.
    package static func firstNonFinite(_ x: Floats, count: Int) -> Int? {
        let place = ck_first_nonfinite(x, count)
        return place < 0 ? nil : place
    }
}
