import CLog

/// The 40 bytes before the records of one batch, which were written and synced together. Little-endian:
///
///     0 magic 4   4 length of the records 4   8 first offset 8   16 synced 8   24 count 4   28 flags 4   32 zeros 4
///     36 CRC32C of the file's salt, bytes 0..<36 and the records
///
/// Batches lie one behind the other, each on a multiple of 8. A record: length 4, kind 1, time 8, effect.
struct BatchHeader: Hashable {
    static let size = 40
    /// `BTCH`
    static let magic: UInt32 = 0x4843_5442
    static let alignment = 8
    static let recordHeaderSize = 13

    /// The last batch of a file that was ended on purpose: a closed log, a complete snapshot. Holds no records.
    static let endFlag: UInt32 = 1

    var length: Int
    var first: Offset
    /// Everything below was on the disk when this batch was written. A bad checksum below it is damage; one at or
    /// above it may be a write that a crash cut short.
    var synced: Offset
    var count: Int
    var flags: UInt32

    var isEnd: Bool { flags & Self.endFlag != 0 }
    var end: Offset { first.advanced(by: count) }
    /// With header and padding.
    var sizeOnDisk: Int { Self.aligned(Self.size + length) }

    static func aligned(_ size: Int) -> Int { (size + alignment - 1) & ~(alignment - 1) }

    /// Nil when no batch can begin so.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.word32(at: 0) == Self.magic, bytes.word32(at: 32) == 0 else { return nil }
        length = Int(bytes.word32(at: 4))
        first = Offset(bytes.word64(at: 8))
        synced = Offset(bytes.word64(at: 16))
        count = Int(bytes.word32(at: 24))
        flags = bytes.word32(at: 28)
        guard synced <= first, count * Self.recordHeaderSize <= length else { return nil }
    }

    static func checksum(_ salt: UInt64, _ batch: UnsafeRawBufferPointer) -> UInt32 {
        var crc = withUnsafeBytes(of: salt.littleEndian) { clog_crc32c(0, $0.baseAddress, 8) }
        crc = clog_crc32c(crc, batch.baseAddress, 36)
        return clog_crc32c(crc, batch.baseAddress! + size, batch.count - size)
    }
}

/// A batch that is being collected: room for the header, then records.
struct BatchBuilder {
    private(set) var bytes: [UInt8]
    let first: Offset
    private(set) var count = 0

    /// - Parameter storage: an array whose memory is used again.
    init(first: Offset, reusing storage: [UInt8] = []) {
        bytes = storage
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: repeatElement(0, count: BatchHeader.size))
        self.first = first
    }

    /// With header and padding, after one more record of that size.
    func size(adding effectBytes: Int) -> Int {
        BatchHeader.aligned(bytes.count + BatchHeader.recordHeaderSize + effectBytes)
    }

    mutating func append(kind: UInt8, time: Int64, _ effect: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(effect.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(kind)
        withUnsafeBytes(of: time.littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: effect)
        count += 1
    }

    /// Fills the header in and pads the end; then nothing more may be appended.
    mutating func seal(salt: UInt64, synced: Offset, flags: UInt32 = 0) {
        let length = bytes.count - BatchHeader.size
        let (first, count) = (first, count)
        bytes.withUnsafeMutableBytes { raw in
            raw.store(BatchHeader.magic, at: 0)
            raw.store(UInt32(length), at: 4)
            raw.store(first.number, at: 8)
            raw.store(synced.number, at: 16)
            raw.store(UInt32(count), at: 24)
            raw.store(flags, at: 28)
            raw.store(BatchHeader.checksum(salt, UnsafeRawBufferPointer(raw)), at: 36)
        }
        let padding = BatchHeader.aligned(bytes.count) - bytes.count
        bytes.append(contentsOf: repeatElement(0, count: padding))
    }
}
