import CLinux
import Glibc

/// Makes sockets. All are close-on-exec and never block.
package enum Socket {
    /// What a unix socket carries.
    package enum Form: Sendable {
        /// Bytes.
        case stream
        /// Packets in order, on a connection: `SOCK_SEQPACKET`.
        case packets

        var number: Int32 {
            switch self {
            case .stream: Int32(SOCK_STREAM.rawValue)
            case .packets: Int32(SOCK_SEQPACKET.rawValue)
            }
        }
    }

    /// Connections that may wait to be accepted, unless said otherwise.
    package static let backlog: Int32 = 1024

    private static let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    // MARK: Listening

    /// Binds and listens on an internet address. With `sharesPort` several may listen on the same one, and the kernel
    /// spreads connections over them (`SO_REUSEPORT`).
    package static func listen(
        on address: SocketAddress, backlog: Int32 = backlog, sharesPort: Bool = false
    ) throws(SystemError) -> Descriptor {
        let socket = Descriptor(
            try SystemError.check("socket") {
                Glibc.socket(address.family.number, Int32(SOCK_STREAM.rawValue) | flags, 0)
            })
        try set(socket, SOL_SOCKET, SO_REUSEADDR, 1, "setsockopt SO_REUSEADDR")
        if sharesPort { try set(socket, SOL_SOCKET, SO_REUSEPORT, 1, "setsockopt SO_REUSEPORT") }
        if address.family == .ipv6 {
            try set(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "setsockopt IPV6_V6ONLY")
        }
        let name = address.description
        try SystemError.check("bind", path: name) {
            address.withKernelForm { Glibc.bind(socket.number, $0, $1) }
        }
        try SystemError.check("listen", path: name) { Glibc.listen(socket.number, backlog) }
        return socket
    }

    /// Several sockets on the same address, one for each loop that accepts. Port 0 is chosen once.
    package static func listen(
        on address: SocketAddress, count: Int, backlog: Int32 = backlog
    ) throws(SystemError) -> [Descriptor] {
        precondition(count > 0, "at least one listener")
        let first = try listen(on: address, backlog: backlog, sharesPort: true)
        let chosen = try localAddress(of: first)
        var all = [first]
        while all.count < count { all.append(try listen(on: chosen, backlog: backlog, sharesPort: true)) }
        return all
    }

    /// Binds and listens at a path, which may exist as a socket nobody uses any more: it is removed first. The file
    /// gets `mode`; who may write to it may connect.
    package static func listen(
        at path: String, _ form: Form, mode: UInt32 = 0o600, backlog: Int32 = backlog
    ) throws(SystemError) -> Descriptor {
        let socket = try bound(at: path, form.number, mode: mode)
        try SystemError.check("listen", path: path) { Glibc.listen(socket.number, backlog) }
        return socket
    }

    /// A datagram socket bound at a path. Each packet that comes carries its sender's credentials.
    static func datagrams(at path: String, mode: UInt32) throws(SystemError) -> Descriptor {
        let socket = try bound(at: path, Int32(SOCK_DGRAM.rawValue), mode: mode)
        try set(socket, SOL_SOCKET, SO_PASSCRED, 1, "setsockopt SO_PASSCRED")
        return socket
    }

    private static func bound(at path: String, _ form: Int32, mode: UInt32) throws(SystemError) -> Descriptor {
        let address = try UnixPath(path)
        let socket = Descriptor(try SystemError.check("socket") { Glibc.socket(AF_UNIX, form | flags, 0) })
        if !address.isAbstract { try removeSocket(at: path) }
        try SystemError.check("bind", path: path) {
            address.withKernelForm { Glibc.bind(socket.number, $0, $1) }
        }
        if !address.isAbstract {
            // Between bind and chmod the umask's mode holds, which lets no other user write.
            try SystemError.check("chmod", path: path) { chmod(path, mode) }
        }
        return socket
    }

    /// Gives the file of a socket to a user and a group: who may write to it may connect. nil: stays as it is.
    package static func give(
        _ path: String, to user: UInt32?, _ group: UInt32?, mode: UInt32
    ) throws(SystemError) {
        // -1 is the kernel's word for the same.
        try SystemError.check("chown", path: path) { lchown(path, user ?? .max, group ?? .max) }
        try SystemError.check("chmod", path: path) { chmod(path, mode) }
    }

    /// Gives the file of a socket a second name on the same file system, in place of a socket nobody uses any more.
    package static func addName(_ name: String, to path: String) throws(SystemError) {
        try removeSocket(at: name)
        try SystemError.check("link", path: name) { link(path, name) }
    }

    /// Removes a socket's file; anything else at that path is left alone and stays in the way of `bind`.
    package static func removeSocket(at path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("unlink", path: path) }
    }

    // MARK: Connecting

    /// Begins to connect. The socket becomes writable when that succeeded or failed; then ask `pendingError`.
    package static func connect(to address: SocketAddress) throws(SystemError) -> Descriptor {
        let socket = Descriptor(
            try SystemError.check("socket") {
                Glibc.socket(address.family.number, Int32(SOCK_STREAM.rawValue) | flags, 0)
            })
        let result = address.withKernelForm { Glibc.connect(socket.number, $0, $1) }
        guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
            throw SystemError("connect", path: address.description)
        }
        return socket
    }

    /// Connects at once. Throws ENOENT or ECONNREFUSED when nobody listens there, EAGAIN when the listener's queue is
    /// full.
    package static func connect(to path: String, _ form: Form) throws(SystemError) -> Descriptor {
        let address = try UnixPath(path)
        let socket = Descriptor(
            try SystemError.check("socket") { Glibc.socket(AF_UNIX, form.number | flags, 0) })
        try SystemError.check("connect", path: path) {
            address.withKernelForm { Glibc.connect(socket.number, $0, $1) }
        }
        return socket
    }

    /// Two connected unix sockets.
    package static func pair(_ form: Form) throws(SystemError) -> (Descriptor, Descriptor) {
        var both: [Int32] = [-1, -1]
        try SystemError.check("socketpair") { socketpair(AF_UNIX, form.number | flags, 0, &both) }
        return (Descriptor(both[0]), Descriptor(both[1]))
    }

    /// The next waiting connection; nil when there is none. Throws EMFILE, ENFILE, ENOBUFS or ENOMEM when the machine
    /// has no room for it now: accept again later. A connection that ended while it waited is passed over.
    package static func accept(from listener: Descriptor) throws(SystemError) -> Descriptor? {
        while true {
            let number = clinux_accept(listener.number)
            if number >= 0 { return Descriptor(number) }
            switch errno {
            case EAGAIN: return nil
            // The kernel passes errors of the waiting connection on; accept(2) says to go on after these.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                ENETUNREACH:
                continue
            default: throw SystemError("accept")
            }
        }
    }

    // MARK: Asking and setting

    /// The error that a socket has met, 0 for none; asking clears it.
    package static func pendingError(of socket: Descriptor) -> Int32 {
        var (code, length): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// Sends small writes at once (`TCP_NODELAY`); does nothing on a unix socket.
    package static func sendAtOnce(_ socket: Descriptor) {
        var one: Int32 = 1
        _ = setsockopt(
            socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Takes the plainest congestion control (`TCP_CONGESTION`), for a connection that does not leave the machine:
    /// others pace what they send and take time for it, and there is no path to be gentle with.
    package static func sendUnpaced(_ socket: Descriptor) {
        let name: StaticString = "reno"
        _ = setsockopt(
            socket.number, Int32(IPPROTO_TCP), TCP_CONGESTION, name.utf8Start, socklen_t(name.utf8CodeUnitCount))
    }

    package static func localAddress(of socket: Descriptor) throws(SystemError) -> SocketAddress {
        try address(of: socket, "getsockname") { getsockname($0, $1, $2) }
    }

    package static func remoteAddress(of socket: Descriptor) throws(SystemError) -> SocketAddress {
        try address(of: socket, "getpeername") { getpeername($0, $1, $2) }
    }

    /// The port that an internet socket is bound to.
    package static func localPort(of socket: Descriptor) throws(SystemError) -> UInt16 {
        try localAddress(of: socket).port
    }

    /// The path or abstract name that a unix socket is bound to; nil for others and for nameless ones.
    package static func localPath(of socket: Descriptor) -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.number, $0, &length) }
        }
        let count = Int(length) - MemoryLayout<sa_family_t>.size
        guard result == 0, address.sun_family == sa_family_t(AF_UNIX), count > 0 else { return nil }
        let bytes = withUnsafeBytes(of: &address.sun_path) { Array($0.prefix(count)) }
        if bytes[0] == 0 { return "@" + String(decoding: bytes.dropFirst(), as: UTF8.self) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether connections can be accepted from it; `SO_ACCEPTCONN`.
    package static func isListening(_ socket: Descriptor) -> Bool {
        var (value, length): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(socket.number, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1
    }

    /// Ends a listener for all who hold it: waiting connections are reset, new ones refused, accepting fails.
    package static func shutDown(_ listener: Descriptor) { _ = shutdown(listener.number, Int32(SHUT_RDWR)) }

    private static func address(
        of socket: Descriptor, _ operation: String,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try SystemError.check(operation) {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(socket.number, $0, &length) }
            }
        }
        guard let address = SocketAddress(storage) else { throw SystemError(operation, code: EAFNOSUPPORT) }
        return address
    }

    private static func set(
        _ socket: Descriptor, _ level: Int32, _ option: Int32, _ value: Int32, _ operation: String
    ) throws(SystemError) {
        var value = value
        try SystemError.check(operation) {
            setsockopt(socket.number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
