/// One atomic batch of effects as it lies in the log.
///
///     version      u8, 1
///     time         i64, Unix milliseconds, little-endian
///     first        u64, the revision of the first effect; the others follow it
///     request      text: the id of the request, empty when it had none
///     count        varint
///     effects      count of: kind u8, collection varint, then by kind
///                    1 create   name text
///                    2 drop
///                    3 put      id text, document bytes
///                    4 delete   id text
///
/// Text and bytes begin with their length; lengths, counts and collections are LEB128 varints.
package struct EffectRecord: Hashable, Sendable {
    package static let version: UInt8 = 1
    package static let effectsMax = 100_000

    package var time: Int64
    package var first: Revision
    package var request: String
    package var effects: [Effect]

    package init(time: Int64, first: Revision, request: String = "", effects: [Effect]) {
        (self.time, self.first, self.request, self.effects) = (time, first, request, effects)
    }

    /// The revision of the last effect.
    package var last: Revision { Revision(first.number + UInt64(effects.count) - 1) }

    /// Why bytes are no record that this program can apply. Never to be skipped: what follows builds on it.
    package enum Unreadable: Error, Hashable, Sendable {
        /// A newer program wrote it.
        case version(UInt8)
        /// Not of the form, at this byte.
        case malformed(at: Int)
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(Self.version)
        writer.word(UInt64(bitPattern: time))
        writer.word(first.number)
        writer.text(request)
        writer.varint(UInt64(effects.count))
        for effect in effects {
            switch effect {
            case .createCollection(let collection, let name):
                writer.byte(1)
                writer.varint(UInt64(collection.number))
                writer.text(name)
            case .dropCollection(let collection):
                writer.byte(2)
                writer.varint(UInt64(collection.number))
            case .put(let collection, let id, let document):
                writer.byte(3)
                writer.varint(UInt64(collection.number))
                writer.text(id)
                writer.bytes(document)
            case .delete(let collection, let id):
                writer.byte(4)
                writer.varint(UInt64(collection.number))
                writer.text(id)
            }
        }
        return writer.output
    }

    package init(decoding bytes: some Collection<UInt8>) throws(Unreadable) {
        var reader = ByteReader(Array(bytes))
        let version = try reader.byte()
        guard version == Self.version else { throw .version(version) }
        time = Int64(bitPattern: try reader.word())
        first = Revision(try reader.word())
        request = try reader.text()
        let count = try reader.varint()
        guard (1...UInt64(Self.effectsMax)).contains(count) else { throw reader.malformed }
        effects = []
        for _ in 0..<count { effects.append(try Self.effect(&reader)) }
        guard reader.isAtEnd else { throw reader.malformed }
    }

    private static func effect(_ reader: inout ByteReader) throws(Unreadable) -> Effect {
        let kind = try reader.byte()
        guard let number = UInt32(exactly: try reader.varint()) else { throw reader.malformed }
        let collection = CollectionNumber(number)
        switch kind {
        case 1: return .createCollection(collection, name: try reader.text())
        case 2: return .dropCollection(collection)
        case 3: return .put(collection, id: try reader.text(), document: try reader.bytes())
        case 4: return .delete(collection, id: try reader.text())
        default: throw reader.malformed
        }
    }
}

private struct ByteWriter {
    var output: [UInt8] = []

    mutating func byte(_ value: UInt8) { output.append(value) }

    mutating func word(_ value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { output.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    mutating func bytes(_ value: [UInt8]) {
        varint(UInt64(value.count))
        output += value
    }

    mutating func text(_ value: String) {
        varint(UInt64(value.utf8.count))
        output += value.utf8
    }
}

private struct ByteReader {
    typealias Unreadable = EffectRecord.Unreadable

    private let input: [UInt8]
    private var offset = 0

    init(_ input: [UInt8]) { self.input = input }

    var isAtEnd: Bool { offset == input.count }
    var malformed: Unreadable { .malformed(at: offset) }

    mutating func byte() throws(Unreadable) -> UInt8 {
        guard offset < input.count else { throw malformed }
        defer { offset += 1 }
        return input[offset]
    }

    mutating func word() throws(Unreadable) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 8) { value |= UInt64(try byte()) << UInt64(shift) }
        return value
    }

    mutating func varint() throws(Unreadable) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7F) << UInt64(shift)
            if next < 0x80 { return value }
        }
        throw malformed
    }

    mutating func bytes() throws(Unreadable) -> [UInt8] {
        let count = try varint()
        guard count <= UInt64(input.count - offset) else { throw malformed }
        defer { offset += Int(count) }
        return Array(input[offset..<offset + Int(count)])
    }

    mutating func text() throws(Unreadable) -> String {
        let start = offset
        guard let text = String(validating: try bytes(), as: UTF8.self) else { throw .malformed(at: start) }
        return text
    }
}
