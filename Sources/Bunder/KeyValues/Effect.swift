/// One change of the keyspace: what the log keeps, so that replaying needs no clock and no request.
package enum Effect: Hashable, Sendable {
    /// The key holds this value from now on; it had another or none before. Expiries are milliseconds since 1970.
    case set(key: [UInt8], StoredValue, expiry: Int64?)
    /// Also what became of an expired key.
    case delete(key: [UInt8])
    /// The key keeps its value and expires then, or never.
    case expire(key: [UInt8], at: Int64?)
    case clear

    /// Whether the keyspace is no larger afterwards.
    package var freesRoom: Bool {
        switch self {
        case .delete, .clear: true
        case .set, .expire: false
        }
    }
}

/// The bytes of effects in a log record or a snapshot: one behind the other, each a tag and its fields. Lengths have 4
/// bytes, expiries 8, little-endian.
package enum EffectCoding {
    /// The record's kind in the log.
    package static let recordKind: UInt8 = 1

    package struct Malformed: Error {}

    private enum Tag: UInt8 {
        case set = 1, setWithExpiry, delete, expire, persist, clear
    }

    package static func append(_ effect: Effect, to bytes: inout [UInt8]) {
        switch effect {
        case .set(let key, .string(let value), let expiry):
            bytes.append((expiry == nil ? Tag.set : .setWithExpiry).rawValue)
            append(key, to: &bytes)
            if let expiry { append(expiry, to: &bytes) }
            append(value, to: &bytes)
        case .delete(let key):
            bytes.append(Tag.delete.rawValue)
            append(key, to: &bytes)
        case .expire(let key, let moment):
            bytes.append((moment == nil ? Tag.persist : .expire).rawValue)
            append(key, to: &bytes)
            if let moment { append(moment, to: &bytes) }
        case .clear:
            bytes.append(Tag.clear.rawValue)
        }
    }

    /// - Throws: `Malformed` when the bytes are not what `append` writes.
    package static func decode(_ bytes: UnsafeRawBufferPointer, _ body: (Effect) -> Void) throws {
        var reader = Reader(bytes: bytes)
        while !reader.isAtEnd {
            switch Tag(rawValue: try reader.byte()) {
            case .set: body(.set(key: try reader.text(), .string(try reader.text()), expiry: nil))
            case .setWithExpiry:
                let (key, expiry) = (try reader.text(), try reader.moment())
                body(.set(key: key, .string(try reader.text()), expiry: expiry))
            case .delete: body(.delete(key: try reader.text()))
            case .expire: body(.expire(key: try reader.text(), at: try reader.moment()))
            case .persist: body(.expire(key: try reader.text(), at: nil))
            case .clear: body(.clear)
            case nil: throw Malformed()
            }
        }
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var at = 0

        var isAtEnd: Bool { at == bytes.count }

        mutating func byte() throws -> UInt8 {
            guard at < bytes.count else { throw Malformed() }
            defer { at += 1 }
            return bytes[at]
        }

        mutating func moment() throws -> Int64 {
            guard at + 8 <= bytes.count else { throw Malformed() }
            defer { at += 8 }
            return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
        }

        mutating func text() throws -> [UInt8] {
            guard at + 4 <= bytes.count else { throw Malformed() }
            let count = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            guard at + 4 + count <= bytes.count else { throw Malformed() }
            defer { at += 4 + count }
            return Array(bytes[at + 4..<at + 4 + count])
        }
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(text.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: text)
    }

    private static func append(_ moment: Int64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: moment.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
