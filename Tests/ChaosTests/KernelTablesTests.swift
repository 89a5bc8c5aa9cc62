import CChaos
import Foundation
import Glibc
import Testing

/// What chaos reads of the kernel's tables.
struct KernelTablesTests {
    private func listening(_ port: UInt16) -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: 16) { buffer, count in
            count = cchaos_list_listening(port, port, buffer.baseAddress, 16)
        }
    }

    @Test func `a port is listened on until it is closed`() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        let port = UInt16(bigEndian: address.sin_port)
        #expect(listening(port) == [port])
        #expect(listening(port &+ 1).allSatisfy { $0 != port })
        close(descriptor)
        #expect(listening(port).isEmpty)
    }

    @Test func `who has a file of a directory open is listed with it`() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "holders-\(UUID().uuidString)").path + "/"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for kind in ["a/bundoc", "b/bunder"] {
            try FileManager.default.createDirectory(atPath: root + kind, withIntermediateDirectories: true)
            try "x".write(toFile: root + kind + "/log", atomically: false, encoding: .utf8)
        }
        let holder = Process()
        holder.executableURL = URL(filePath: "/bin/sh")
        holder.arguments = ["-c", "exec 8<\(root)a/bundoc/log 9<\(root)b/bunder/log; echo ready; read line"]
        let (input, output) = (Pipe(), Pipe())
        (holder.standardInput, holder.standardOutput) = (input, output)
        try holder.run()
        defer {
            try? input.fileHandleForWriting.close()
            holder.waitUntilExit()
        }
        _ = output.fileHandleForReading.availableData
        let text = String(unsafeUninitializedCapacity: 4096) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { cchaos_list_holders(root, $0.baseAddress, $0.count) }
        }
        let pid = holder.processIdentifier
        #expect(Set(text.split(separator: "\n")) == ["\(pid) a/bundoc", "\(pid) b/bunder"])
    }
}
