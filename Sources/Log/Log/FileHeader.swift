import CLog

/// The first 64 bytes of a segment or snapshot: what the file is, whose, and where it begins. Little-endian:
///
///     0 magic 8   8 version 4   12 features 4   16 generation 8   24 epoch 8   32 offset 8   40 salt 8   48 zeros 12
///     60 CRC32C of bytes 0..<60
struct FileHeader: Hashable {
    enum Form: UInt64 {
        /// `bunbaseL`
        case segment = 0x4c65_7361_626e_7562
        /// `bunbaseS`
        case snapshot = 0x5365_7361_626e_7562
    }

    static let size = 64
    static let version: UInt32 = 1

    var form: Form
    var generation: UInt64
    var epoch: UInt64
    /// Of the segment's first record; of the first record that the snapshot does not cover.
    var offset: Offset
    /// Random, and the start of every checksum in the file: no record's content can pass for a batch.
    var salt: UInt64

    var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.withUnsafeMutableBytes { raw in
            raw.store(form.rawValue, at: 0)
            raw.store(Self.version, at: 8)
            raw.store(UInt32(0), at: 12)
            raw.store(generation, at: 16)
            raw.store(epoch, at: 24)
            raw.store(offset.number, at: 32)
            raw.store(salt, at: 40)
            raw.store(clog_crc32c(0, raw.baseAddress, 60), at: 60)
        }
        return bytes
    }

    /// - Parameter bytes: what the file begins with, at most 64 bytes.
    init(
        reading bytes: UnsafeRawBufferPointer, as form: Form, of file: String, settings: LogSettings
    ) throws(LogFailure) {
        guard bytes.count >= Self.size else {
            throw .corrupt(file: file, position: bytes.count, reason: "the file ends within its header")
        }
        guard bytes.word64(at: 0) == form.rawValue else {
            throw .corrupt(file: file, position: 0, reason: "not the beginning of a \(form)")
        }
        let version = bytes.word32(at: 8)
        let isIntact = bytes.word32(at: 60) == clog_crc32c(0, bytes.baseAddress, 60)
        guard version <= Self.version || !isIntact else { throw .newerFormat(file: file, version: version) }
        guard isIntact else { throw .corrupt(file: file, position: 0, reason: "the header's checksum is wrong") }
        guard version == Self.version, bytes.word32(at: 12) == 0 else {
            throw .corrupt(file: file, position: 8, reason: "a version that never was")
        }
        generation = bytes.word64(at: 16)
        guard generation == settings.generation else { throw .foreign(file: file, generation: generation) }
        self.form = form
        epoch = bytes.word64(at: 24)
        offset = Offset(bytes.word64(at: 32))
        salt = bytes.word64(at: 40)
    }

    init(_ form: Form, settings: LogSettings, offset: Offset) {
        (generation, epoch) = (settings.generation, settings.epoch)
        (self.form, self.offset) = (form, offset)
        salt = .random(in: .min ... .max)
    }
}
