/// One packet of an internal channel: a type, fields, and optionally raw bytes behind an empty line.
///
/// The form is that of `sd_notify(3)`: lines of `KEY=VALUE`, so that any packet can be read in a trace and written by
/// hand. Keys are `A`-`Z`, `0`-`9` and `_`; values hold any UTF-8 but newline and NUL. At most 64 KiB and 64 fields.
/// A reader ignores fields it does not know; a type it does not know is an error of the peer's version.
package struct Message: Hashable, Sendable {
    package static let bytesMax = 65_536
    package static let fieldsMax = 64

    package struct Malformed: Error, Hashable, Sendable {
        package let reason: String
        package init(_ reason: String) { self.reason = reason }
    }

    package struct Field: Hashable, Sendable {
        package let key: String
        package let value: String
    }

    package var type: String
    package private(set) var fields: [Field]
    package var body: [UInt8]

    package init(_ type: String, body: [UInt8] = []) {
        (self.type, self.fields, self.body) = (type, [], body)
    }

    /// Adds a field; a nil value adds nothing. Newlines in a value would end the field: they become spaces.
    package mutating func set(_ key: String, _ value: (some CustomStringConvertible)?) {
        guard let value else { return }
        let text = value.description
        let isClean = text.utf8.allSatisfy { $0 != 10 && $0 != 0 }
        fields.append(
            Field(key: key, value: isClean ? text : String(text.map { $0 == "\n" || $0 == "\0" ? " " : $0 })))
    }

    /// The value of the first field of that key.
    package subscript(_ key: String) -> String? { fields.first { $0.key == key }?.value }

    /// The value, which must be there.
    package func required(_ key: String) throws(Malformed) -> String {
        guard let value = self[key] else { throw Malformed("\(type) lacks \(key)") }
        return value
    }

    /// The value as what it stands for, which must be there and of the form.
    package func required<Value>(_ key: String, as parse: (String) -> Value?) throws(Malformed) -> Value {
        guard let value = parse(try required(key)) else { throw Malformed("\(type) has a malformed \(key)") }
        return value
    }

    /// The value as what it stands for; nil when absent, an error when malformed.
    package func optional<Value>(_ key: String, as parse: (String) -> Value?) throws(Malformed) -> Value? {
        guard let text = self[key] else { return nil }
        guard let value = parse(text) else { throw Malformed("\(type) has a malformed \(key)") }
        return value
    }

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = Array("TYPE=\(type)\n".utf8)
        for field in fields {
            bytes += field.key.utf8
            bytes.append(UInt8(ascii: "="))
            bytes += field.value.utf8
            bytes.append(UInt8(ascii: "\n"))
        }
        if !body.isEmpty {
            bytes.append(UInt8(ascii: "\n"))
            bytes += body
        }
        return bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(Malformed) {
        guard bytes.count <= Self.bytesMax else {
            throw Malformed("a packet of more than \(Self.bytesMax) bytes")
        }
        var fields: [Field] = []
        var rest = bytes[...]
        var body: [UInt8] = []
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                throw Malformed("a line without an end")
            }
            let line = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if line.isEmpty {
                body = Array(rest)
                break
            }
            fields.append(try Self.field(line))
            guard fields.count <= Self.fieldsMax else {
                throw Malformed("more than \(Self.fieldsMax) fields")
            }
        }
        guard let first = fields.first, first.key == "TYPE" else {
            throw Malformed("a packet that does not begin with TYPE")
        }
        self.type = first.value
        self.fields = Array(fields.dropFirst())
        self.body = body
    }

    private static func field(_ line: some Collection<UInt8>) throws(Malformed) -> Field {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals != line.startIndex else {
            throw Malformed("a line that is not KEY=VALUE")
        }
        let key = line[..<equals]
        guard key.allSatisfy(isKeyByte) else { throw Malformed("a key outside A-Z, 0-9 and _") }
        let value = line[line.index(after: equals)...]
        guard let text = String(validating: value, as: UTF8.self), !value.contains(0) else {
            throw Malformed("a value that is not UTF-8 text")
        }
        return Field(key: String(decoding: key, as: UTF8.self), value: text)
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
