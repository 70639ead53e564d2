import Groundwork
import Tensors

extension RandomStream {
    /// A standard normal number from two words (Box and Muller 1958, the cosine branch).
    ///
    /// Logarithm and cosine are computed here, so that the bits do not depend on the C library.
    mutating func nextNormal() -> Float {
        // (0, 1]: the logarithm stays finite
        let radius = (-2 * naturalLogarithm((Double(nextWord()) + 1) * 0x1p-32)).squareRoot()
        return Float(radius * cosineOfTurn(Double(nextWord()) * 0x1p-32))
    }
}

/// ln x for normal positive x: exponent and the series of artanh on the mantissa.
private func naturalLogarithm(_ x: Double) -> Double {
    var mantissa = x.significand, exponent = Double(x.exponent)
    if mantissa > 1.4142135623730951 {
        mantissa /= 2
        exponent += 1
    }
    let s = (mantissa - 1) / (mantissa + 1), square = s * s
    var sum = 0.0
    for k in stride(from: 21, through: 1, by: -2) { sum = sum * square + 1 / Double(k) }
    return exponent * 0.6931471805599453 + 2 * s * sum
}

/// cos(2π u) for u in [0, 1): folded to an eighth of a turn, then the Taylor series of cosine or sine.
private func cosineOfTurn(_ u: Double) -> Double {
    let folded = u > 0.5 ? 1 - u : u
    let (turn, sign) = folded > 0.25 ? (0.5 - folded, -1.0) : (folded, 1.0)
    return sign * (turn <= 0.125 ? cosineSeries(turn) : sineSeries(0.25 - turn))
}

private func cosineSeries(_ turn: Double) -> Double {
    let x = turn * 6.283185307179586, square = x * x
    var sum = 1.0
    for k in stride(from: 20, through: 2, by: -2) { sum = 1 - square / Double(k * (k - 1)) * sum }
    return sum
}

private func sineSeries(_ turn: Double) -> Double {
    let x = turn * 6.283185307179586, square = x * x
    var sum = 1.0
    for k in stride(from: 21, through: 3, by: -2) { sum = 1 - square / Double(k * (k - 1)) * sum }
    return x * sum
}
