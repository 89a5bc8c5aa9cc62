import HTTP

/// The values of `Host` that only a caller on this machine, or one who knows that he is, sends.
enum LoopbackHost {
    private static let names: [StaticString] = ["localhost", "127.0.0.1", "[::1]"]

    /// One of the names, of either case, with or without a port.
    static func matches(_ host: UnsafeRawBufferPointer) -> Bool {
        names.contains { name in
            let length = name.utf8CodeUnitCount
            guard host.count >= length else { return false }
            guard UnsafeRawBufferPointer(rebasing: host[..<length]).equalsIgnoringCase(name) else { return false }
            let rest = host[length...]
            guard let colon = rest.first else { return true }
            return colon == UInt8(ascii: ":") && rest.count <= 6
                && rest.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }
}
