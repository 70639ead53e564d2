import Foundation
import Groundwork

extension RandomStream {
    /// A standard normal number (Box and Muller 1958).
    mutating func nextNormal() -> Double {
        let radius = (-2 * log(1 - nextDouble())).squareRoot()
        return radius * cos(2 * Double.pi * nextDouble())
    }

    /// Whether something of this probability happens.
    mutating func nextBool(_ probability: Double) -> Bool { nextDouble() < probability }
}

/// σ(x) = 1 / (1 + e⁻ˣ).
func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
