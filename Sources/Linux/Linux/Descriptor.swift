import Glibc

/// An open file descriptor, closed when its owner lets go of it.
package final class Descriptor {
    /// -1 after `close` or `release`.
    package private(set) var number: Int32

    /// Takes the descriptor over.
    package init(_ number: Int32) { self.number = number }

    deinit { close() }

    /// Closes now. Further calls do nothing.
    package func close() {
        guard number >= 0 else { return }
        _ = Glibc.close(number)
        number = -1
    }

    /// Gives the descriptor away: the caller closes it.
    package func release() -> Int32 {
        defer { number = -1 }
        return number
    }

    /// Another descriptor of the same open file.
    package func duplicate() throws(SystemError) -> Descriptor {
        Descriptor(try SystemError.check("fcntl F_DUPFD_CLOEXEC") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }
}
