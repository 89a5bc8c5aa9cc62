import Glibc
import Log

/// An empty directory that goes when its owner goes.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/bunbase-log-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw ScratchFailed() }
        path = String(cString: made)
    }

    deinit {
        for name in (try? KernelDisk().names(in: path)) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    struct ScratchFailed: Error {}
}

/// A record with its bytes copied out.
struct Kept: Hashable {
    var offset: Offset
    var kind: UInt8
    var time: Int64
    var bytes: [UInt8]
    var text: String { String(decoding: bytes, as: UTF8.self) }

    init(_ record: LogRecord) {
        (offset, kind, time, bytes) = (record.offset, record.kind, record.time, Array(record.effect))
    }
}

extension DurableLog {
    @discardableResult
    func append(
        _ text: String, kind: UInt8 = 1, time: Int64 = 0, for purpose: Purpose = .ordinary
    ) throws -> Offset {
        try append(Array(text.utf8), kind: kind, time: time, for: purpose)
    }

    @discardableResult
    func append(
        _ bytes: [UInt8], kind: UInt8 = 1, time: Int64 = 0, for purpose: Purpose = .ordinary
    ) throws -> Offset {
        try bytes.withUnsafeBytes { try append(kind: kind, time: time, $0, for: purpose) }
    }

    func records(from offset: Offset = .zero) throws -> [Kept] {
        var kept: [Kept] = []
        let reader = LogReader(self, from: offset)
        while try reader.read({ kept.append(Kept($0)) }) {}
        return kept
    }

    func texts() throws -> [String] { try records().map(\.text) }
}
