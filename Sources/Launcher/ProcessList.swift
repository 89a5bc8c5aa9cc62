import Glibc
import Linux

/// What `/proc` says about processes and their sockets. Of other users' processes it says less.
package enum ProcessList {
    /// A process that has a listening socket open.
    package struct Holder: Hashable, Sendable {
        package var pid: Int32
        package var descriptor: Int32
        package var name: String
    }

    /// The ids of all processes, in order.
    package static func all() -> [Int32] { entries(of: "/proc").compactMap { Int32($0) }.sorted() }

    /// The short name of a process.
    package static func name(of pid: Int32) -> String {
        String(decoding: contents(of: "/proc/\(pid)/comm").prefix { $0 != 10 }, as: UTF8.self)
    }

    /// The value of a variable in the environment that a process was started with.
    package static func variable(_ name: String, of pid: Int32) -> String? {
        let prefix = Array("\(name)=".utf8)
        for entry in contents(of: "/proc/\(pid)/environ").split(separator: 0) where entry.starts(with: prefix) {
            return String(decoding: entry.dropFirst(prefix.count), as: UTF8.self)
        }
        return nil
    }

    /// The processes whose environment has the variable with that value.
    package static func processes(where name: String, is value: String) -> [Int32] {
        all().filter { $0 != getpid() && variable(name, of: $0) == value }
    }

    /// The processes that listen on the TCP port, on the address or on all addresses.
    package static func holders(of address: SocketAddress) -> [Holder] {
        let inodes = listeningInodes(on: address)
        guard !inodes.isEmpty else { return [] }
        let links = Set(inodes.map { "socket:[\($0)]" })
        var holders: [Holder] = []
        for pid in all() {
            for name in entries(of: "/proc/\(pid)/fd") {
                guard let number = Int32(name), let link = link(at: "/proc/\(pid)/fd/\(name)"), links.contains(link)
                else { continue }
                holders.append(Holder(pid: pid, descriptor: number, name: self.name(of: pid)))
            }
        }
        return holders
    }

    /// From `/proc/net/tcp` and `tcp6`: address and port in hex, state 0A for listening, the inode in the tenth column.
    private static func listeningInodes(on address: SocketAddress) -> [Substring] {
        let digits = String(address.port, radix: 16, uppercase: true)
        let port = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
            String(decoding: contents(of: path), as: UTF8.self).split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count > 9, words[1].hasSuffix(port), words[3] == "0A" else { return nil }
                let host = words[1].dropLast(5)
                return host.allSatisfy { $0 == "0" } || host == hex(address.host) ? words[9] : nil
            }
        }
    }

    /// Each group of four bytes as the number that this machine makes of it.
    static func hex(_ host: [UInt8]) -> String {
        stride(from: 0, to: host.count, by: 4).map { start in
            host[start..<start + 4].reversed().map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }.joined()
    }

    private static func entries(of directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    private static func contents(of path: String) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return [] }
        defer { close(number) }
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(number, &chunk, chunk.count)
            guard count > 0 else { return all }
            all += chunk[..<count]
        }
    }

    private static func link(at path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 64)
        let count = readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
