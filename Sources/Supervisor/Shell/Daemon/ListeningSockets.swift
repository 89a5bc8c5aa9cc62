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
        for socket in ProcessTable.listeners(of: process) {
            if let path = Socket.localPath(of: socket) {
                found[.path(path)] = socket
            } else if let address = try? Socket.localAddress(of: socket) {
                found[.address(address)] = socket
            }
        }
        return found
    }
}
