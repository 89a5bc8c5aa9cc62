import Foundation
import Glibc

/// The last segment of an instance's log, as bytes. Chaos knows of its form only what `Sources/Log` publishes: a header
/// of 64 bytes, batches on multiples of 8 that begin with `BTCH`, zeros behind them.
struct LogFile {
    private static let headerSize = 64
    private static let magic = Array("BTCH".utf8)

    private let path: String
    private let bytes: [UInt8]

    init(_ directory: String) throws {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: directory)) ?? []
        guard let name = names.filter({ $0.hasSuffix(".log") }).max(),
            let data = FileManager.default.contents(atPath: directory + "/" + name)
        else { throw Hand.NotDone("there is no log") }
        (path, bytes) = (directory + "/" + name, Array(data))
    }

    var name: String { URL(filePath: path).lastPathComponent }

    /// Where batches begin.
    private var batches: [Int] {
        stride(from: Self.headerSize, to: bytes.count - 8, by: 8).filter {
            bytes[$0..<$0 + 4].elementsEqual(Self.magic)
        }
    }

    private var end: Int {
        let last = bytes.lastIndex { $0 != 0 } ?? 0
        return max(Self.headerSize, (last + 8) & ~7)
    }

    /// Puts behind the last batch what a write that a crash cut short leaves: the first part of a batch, or a whole one
    /// with one wrong bit.
    func addTail(isWhole: Bool, bit: Int) throws -> String {
        guard let first = batches.first else { throw Hand.NotDone("the log has no batch") }
        let next = batches.dropFirst().first ?? end
        var batch = Array(bytes[first..<next])
        // A batch for this place: its offset is that of the file's end, which nobody has given yet.
        for index in 8..<min(16, batch.count) { batch[index] = 0xff }
        if isWhole {
            batch[bit / 8 % batch.count] ^= 1 << UInt8(bit % 8)
        } else {
            batch = Array(batch.prefix(max(5, batch.count / 2)))
        }
        let place = end
        guard place + batch.count <= bytes.count else { throw Hand.NotDone("the segment is full") }
        try write(batch, at: place)
        return "\(name), \(batch.count) bytes at \(place)"
    }

    /// Turns a bit of what was acknowledged. Its place.
    func flip(bit: Int) throws -> Int {
        guard let first = batches.first, end > first else { throw Hand.NotDone("the log has no batch") }
        let place = first * 8 + bit % ((end - first) * 8)
        try write([bytes[place / 8] ^ (1 << UInt8(place % 8))], at: place / 8)
        return place
    }

    func flip(back place: Int) throws { try write([bytes[place / 8]], at: place / 8) }

    private func write(_ bytes: [UInt8], at place: Int) throws {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Hand.NotDone("the log cannot be opened") }
        defer { close(file) }
        guard pwrite(file, bytes, bytes.count, off_t(place)) == bytes.count else {
            throw Hand.NotDone("the log cannot be written to")
        }
    }
}
