import CLinux
import Glibc

/// A call to the kernel that failed: which, with what code, on what.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    package let code: Int32
    package let path: String?

    package init(_ operation: String, code: Int32 = errno, path: String? = nil) {
        (self.operation, self.code, self.path) = (operation, code, path)
    }

    package var description: String {
        let place = path.map { " \($0)" } ?? ""
        return "\(operation)\(place): \(String(cString: strerror(code)))"
    }

    /// The result of a call that says -1 on failure; repeats it when a signal came in between.
    @discardableResult
    package static func check<Result: FixedWidthInteger & SignedInteger>(
        _ operation: String, path: String? = nil, _ call: () -> Result
    ) throws(SystemError) -> Result {
        while true {
            let result = call()
            if result != -1 { return result }
            let code = errno
            if code != EINTR { throw SystemError(operation, code: code, path: path) }
        }
    }
}
