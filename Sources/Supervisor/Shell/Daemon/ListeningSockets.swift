import CLinux
import Glibc
import Linux
import Nouns

/// Finds listening sockets in living processes: how a supervisor that was killed, and had nobody to keep its
/// descriptors, gets copies back. Needs the right to trace them: root, or the same user.
package struct ListeningSockets {
    package enum Name: Hashable, Sendable {
        case path(String)
        case address(SocketAddress)
    }

    package init() {}

    private var known: [Int32: [Name: Descriptor]] = [:]

    /// A copy of the socket that a process listens on under that name.
    package mutating func copy(_ name: Name, from process: ChildProcess) -> Descriptor? {
        if known[process.pid] == nil { known[process.pid] = Self.all(of: process) }
        return known[process.pid]?.removeValue(forKey: name)
    }

    private static func all(of process: ChildProcess) -> [Name: Descriptor] {
        var found: [Name: Descriptor] = [:]
        for (number, target) in ProcessTable.descriptors(of: process.pid) ?? [:] where target.hasPrefix("socket:") {
            guard let copy = try? ProcessTable.descriptor(number, of: process.descriptor), isListening(copy),
                let name = name(of: copy)
            else { continue }
            found[name] = copy
        }
        return found
    }

    private static func isListening(_ socket: Descriptor) -> Bool {
        var (flag, length): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(socket.number, SOL_SOCKET, SO_ACCEPTCONN, &flag, &length) == 0 && flag == 1
    }

    private static func name(of socket: Descriptor) -> Name? {
        if let address = try? Socket.localAddress(of: socket) { return .address(address) }
        var storage = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.number, $0, &length) }
        }
        guard result == 0, storage.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let path = withUnsafeBytes(of: storage.sun_path) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return path.isEmpty ? nil : .path(path)
    }
}
