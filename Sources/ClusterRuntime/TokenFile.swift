import ClusterProtocol
import Digests
import Foundation
import Groundwork

/// `token.pb` in the run directory: random bytes by which a worker shows that it sees the coordinator's disk.
enum TokenFile {
    /// Seconds for which a worker looks again before it says that the token is not there.
    static let patience: Seconds = 5
    private static let name = "token.pb"
    private static let byteCount = 32

    /// Writes a new token for this epoch; returns its digest.
    static func write(_ directory: RunDirectory, epoch: UInt64) throws -> Data {
        var generator = SystemRandomNumberGenerator()
        var token = WireToken()
        token.epoch = epoch
        token.secret = Data((0..<byteCount).map { _ in UInt8.random(in: 0 ... .max, using: &generator) })
        try directory.write(token, name, durable: false)
        return digest(token)
    }

    /// What is at the run directory `path`, for the coordinator of `epoch`.
    static func look(_ path: String, epoch: UInt64) -> WireTokenSight {
        var sight = WireTokenSight()
        sight.path = path
        sight.epoch = epoch
        do {
            let token = try WireToken(serializedBytes: Files.contents(of: "\(path)/\(name)"))
            if token.epoch == epoch {
                sight.digest = digest(token)
            } else {
                sight.fault = "the token of another run"
            }
        } catch let error as FileError {
            sight.fault = "no token (\(String(cString: strerror(error.errorNumber))))"
        } catch {
            sight.fault = "a damaged token"
        }
        return sight
    }

    private static func digest(_ token: WireToken) -> Data { Data(SHA256.hex(of: token.secret).utf8) }
}
