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

/// ln x for normal positive x: exponent and the series of artanh on the mantissa in [√½, √2).
private func naturalLogarithm(_ x: Double) -> Double {
    // the bits of √½ taken off, so that the exponent changes there
    let shifted = x.bitPattern &- 0x3FE6_A09E_667F_3BCD
    let exponent = Int64(bitPattern: shifted) >> 52
    let mantissa = Double(bitPattern: x.bitPattern &- UInt64(bitPattern: exponent << 52))
    let s = (mantissa - 1) / (mantissa + 1), q = s * s
    var sum = 1.0 / 17
    sum = sum * q + 1.0 / 15
    sum = sum * q + 1.0 / 13
    sum = sum * q + 1.0 / 11
    sum = sum * q + 1.0 / 9
    sum = sum * q + 1.0 / 7
    sum = sum * q + 1.0 / 5
    sum = sum * q + 1.0 / 3
    sum = sum * q + 1
    return Double(exponent) * 0.6931471805599453 + 2 * s * sum
}

/// cos(2π u) for u in [0, 1): folded to an eighth of a turn, then the Taylor series of cosine or sine.
private func cosineOfTurn(_ u: Double) -> Double {
    let folded = u > 0.5 ? 1 - u : u
    let (turn, sign) = folded > 0.25 ? (0.5 - folded, -1.0) : (folded, 1.0)
    return sign * (turn <= 0.125 ? cosineSeries(turn) : sineSeries(0.25 - turn))
}

private func cosineSeries(_ turn: Double) -> Double {
    let x = turn * 6.283185307179586, q = x * x
    var sum = 1 - q * (1.0 / 132)
    sum = 1 - q * (1.0 / 90) * sum
    sum = 1 - q * (1.0 / 56) * sum
    sum = 1 - q * (1.0 / 30) * sum
    sum = 1 - q * (1.0 / 12) * sum
    return 1 - q * 0.5 * sum
}

private func sineSeries(_ turn: Double) -> Double {
    let x = turn * 6.283185307179586, q = x * x
    var sum = 1 - q * (1.0 / 156)
    sum = 1 - q * (1.0 / 110) * sum
    sum = 1 - q * (1.0 / 72) * sum
    sum = 1 - q * (1.0 / 42) * sum
    sum = 1 - q * (1.0 / 20) * sum
    return x * (1 - q * (1.0 / 6) * sum)
}
