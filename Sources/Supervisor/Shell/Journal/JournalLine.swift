/// The text of one line: a checksum, a verb, and words of `key=value` or `key`.
///
/// `5f1c22a0 started 17 kind=bundoc pid=4711 start=83012`. Values are percent-encoded where they hold a space, a
/// percent sign or a control byte. The checksum (FNV-1a, 32 bits) covers all behind it, so that a line cut short, or
/// written by a machine that lost power, is told from a whole one.
struct JournalLine {
    struct Malformed: Error {}

    let verb: String
    private(set) var words: [String]
    private(set) var fields: [(key: String, value: String)]

    init(_ verb: String, _ words: String...) { (self.verb, self.words, self.fields) = (verb, words, []) }

    mutating func set(_ key: String, _ value: (some CustomStringConvertible)?) {
        guard let value else { return }
        fields.append((key, value.description))
    }

    mutating func flag(_ key: String, _ isSet: Bool) {
        if isSet { words.append(key) }
    }

    subscript(_ key: String) -> String? { fields.first { $0.key == key }?.value }

    func has(_ flag: String) -> Bool { words.contains(flag) }

    func word<Value>(_ parse: (String) -> Value?) throws(Malformed) -> Value {
        guard let first = words.first, let value = parse(first) else { throw Malformed() }
        return value
    }

    func required<Value>(_ key: String, _ parse: (String) -> Value?) throws(Malformed) -> Value {
        guard let text = self[key], let value = parse(text) else { throw Malformed() }
        return value
    }

    func optional<Value>(_ key: String, _ parse: (String) -> Value?) throws(Malformed) -> Value? {
        guard let text = self[key] else { return nil }
        guard let value = parse(text) else { throw Malformed() }
        return value
    }

    /// With its newline.
    func encoded() -> [UInt8] {
        var text = Array(verb.utf8)
        for word in words {
            text.append(UInt8(ascii: " "))
            Self.escape(word, into: &text)
        }
        for (key, value) in fields {
            text.append(UInt8(ascii: " "))
            text += key.utf8
            text.append(UInt8(ascii: "="))
            Self.escape(value, into: &text)
        }
        return Self.digits(Self.checksum(text)) + [UInt8(ascii: " ")] + text + [UInt8(ascii: "\n")]
    }

    /// Without its newline.
    init(decoding bytes: some Collection<UInt8>) throws(Malformed) {
        guard bytes.count > 9 else { throw Malformed() }
        let text = bytes.dropFirst(9)
        guard bytes.dropFirst(8).first == UInt8(ascii: " "),
            bytes.prefix(8).elementsEqual(Self.digits(Self.checksum(text)))
        else { throw Malformed() }
        var parts = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)[...]
        guard let verb = parts.popFirst() else { throw Malformed() }
        self.verb = String(decoding: verb, as: UTF8.self)
        (words, fields) = ([], [])
        for part in parts {
            if let equals = part.firstIndex(of: UInt8(ascii: "=")) {
                let key = String(decoding: part[..<equals], as: UTF8.self)
                fields.append((key, try Self.unescape(part[part.index(after: equals)...])))
            } else {
                words.append(try Self.unescape(part))
            }
        }
    }

    private static func escape(_ text: String, into bytes: inout [UInt8]) {
        for byte in text.utf8 {
            if byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "=") {
                bytes.append(UInt8(ascii: "%"))
                bytes += [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            } else {
                bytes.append(byte)
            }
        }
    }

    private static func unescape(_ bytes: some Collection<UInt8>) throws(Malformed) -> String {
        var plain: [UInt8] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                plain.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { throw Malformed() }
            plain.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: plain, as: UTF8.self)
    }

    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        bytes.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    private static let hex = Array("0123456789abcdef".utf8)

    private static func digits(_ value: UInt32) -> [UInt8] {
        (0..<8).map { hex[Int(value >> UInt32(28 - 4 * $0)) & 15] }
    }
}
