import CLinux
import Glibc

/// A numeric internet address and port. Names are not resolved: that would need the C library's loadable modules.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Family: Hashable, Sendable {
        case ipv4, ipv6
    }

    package let family: Family
    /// 4 or 16 bytes, in the order of the network.
    package let host: [UInt8]
    package let port: UInt16

    /// From `127.0.0.1:8090` or `[::1]:80`; nil when the text is not of the form.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var name = String(text[..<colon])
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = String(name.dropFirst().dropLast())
            guard let host = Self.bytes(of: name, AF_INET6, count: 16) else { return nil }
            self.init(.ipv6, host: host, port: port)
        } else {
            guard let host = Self.bytes(of: name, AF_INET, count: 4) else { return nil }
            self.init(.ipv4, host: host, port: port)
        }
    }

    private init(_ family: Family, host: [UInt8], port: UInt16) {
        (self.family, self.host, self.port) = (family, host, port)
    }

    /// A port of 127.0.0.1; 0 lets the kernel choose one.
    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(.ipv4, host: [127, 0, 0, 1], port: port)
    }

    /// Whether only processes of this machine can reach it.
    package var isLoopback: Bool {
        switch family {
        case .ipv4: host[0] == 127
        case .ipv6: host.dropLast().allSatisfy { $0 == 0 } && host[15] == 1
        }
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(family.number, host, &text, socklen_t(text.count))
        let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return family == .ipv4 ? "\(name):\(port)" : "[\(name)]:\(port)"
    }

    /// Calls with the kernel's form of the address.
    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch family {
        case .ipv4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: host) }
            return kernelForm(of: &address, body)
        case .ipv6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: host) }
            return kernelForm(of: &address, body)
        }
    }

    /// Nil for other families than the internet's.
    init?(_ storage: sockaddr_storage) {
        var copy = storage
        let parts: SocketAddress? = withUnsafeBytes(of: &copy) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let address = bytes.load(as: sockaddr_in.self)
                let host = withUnsafeBytes(of: address.sin_addr) { Array($0) }
                return SocketAddress(.ipv4, host: host, port: UInt16(bigEndian: address.sin_port))
            case AF_INET6:
                let address = bytes.load(as: sockaddr_in6.self)
                let host = withUnsafeBytes(of: address.sin6_addr) { Array($0) }
                return SocketAddress(.ipv6, host: host, port: UInt16(bigEndian: address.sin6_port))
            default: return nil
            }
        }
        guard let parts else { return nil }
        self = parts
    }

    private static func bytes(of name: String, _ family: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, name, &bytes) == 1 ? bytes : nil
    }
}

extension SocketAddress.Family {
    var number: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }
}

func kernelForm<Address, Result>(
    of address: inout Address, length: Int = MemoryLayout<Address>.size,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
}
