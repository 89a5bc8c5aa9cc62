import Glibc
import Linux

/// A process that has a listening socket open. Of other users' processes the kernel tells only root.
package struct AddressHolder: Hashable, Sendable {
    package let pid: Int32
    /// The socket's number in that process.
    package let descriptor: Int32
    /// At most 15 bytes of the program's name.
    package let name: String

    /// The processes that listen on a TCP address, or on its port on all addresses.
    package static func all(of address: SocketAddress) -> [AddressHolder] {
        let sockets = Set(inodes(listeningOn: address).map { "socket:[\($0)]" })
        guard !sockets.isEmpty else { return [] }
        return ProcessTable.all().flatMap { process in
            let open = ProcessTable.descriptors(of: process.pid) ?? [:]
            return open.filter { sockets.contains($0.value) }.keys.sorted().map {
                AddressHolder(pid: process.pid, descriptor: $0, name: process.name)
            }
        }
    }

    /// A copy of its socket: the connections that wait there are kept. Nil where the kernel does not allow it, which
    /// asks for the right to trace the process.
    package func takeSocket() -> Descriptor? {
        guard let start = ProcessTable.startTime(of: pid),
            let process = try? ChildProcess.adopt(ProcessID(pid, start: start))
        else { return nil }
        return try? ProcessTable.descriptor(descriptor, of: process.descriptor)
    }

    /// From `/proc/net/tcp` and `tcp6`: address and port in hex, state 0A for listening, the inode in the tenth column.
    private static func inodes(listeningOn address: SocketAddress) -> [Substring] {
        let digits = String(address.port, radix: 16, uppercase: true)
        let port = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
            (SmallFile.text(path) ?? "").split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count > 9, words[1].hasSuffix(port), words[3] == "0A" else { return nil }
                let host = words[1].dropLast(5)
                return host.allSatisfy { $0 == "0" } || host == hex(address.host) ? words[9] : nil
            }
        }
    }

    /// Each group of four bytes as the number that a little-endian machine makes of it.
    private static func hex(_ host: [UInt8]) -> String {
        stride(from: 0, to: host.count, by: 4).map { start in
            host[start..<start + 4].reversed().map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }.joined()
    }
}
