import Foundation

/// The system's words for an error number, for example "No such file or directory".
package func systemReason(_ errorNumber: Int32) -> String {
    String(cString: strerror(errorNumber))
}
