/// Writes one JSON text into bytes, without white space; it sets the commas.
///
///     var writer = JSONWriter()
///     writer.object {
///         $0.member("id", id)
///         $0.member("items") { $0.array { for item in items { $0.value(item) } } }
///     }
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// Begins with room for so many bytes.
    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        members(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "["))
        elements(&self)
        close(UInt8(ascii: "]"))
    }

    /// Begins a member; exactly one value follows.
    package mutating func name(_ name: String) {
        begin()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func value(_ text: String) {
        begin()
        quote(text)
    }

    package mutating func value(_ isTrue: Bool) { raw(isTrue ? "true" : "false") }

    package mutating func value(_ number: some FixedWidthInteger) { raw(String(number)) }

    /// What is not finite is written as `null`.
    package mutating func value(_ number: Double) { raw(number.isFinite ? number.description : "null") }

    package mutating func null() { raw("null") }

    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let isTrue): self.value(isTrue)
        case .integer(let number): self.value(number)
        case .double(let number): self.value(number)
        case .decimal(let text): raw(text)
        case .string(let text): self.value(text)
        case .array(let elements): array { for element in elements { $0.value(element) } }
        case .object(let object):
            self.object { for member in object.members { $0.member(member.name, member.value) } }
        }
    }

    /// A value that is JSON text already.
    package mutating func value(encoded text: some Sequence<UInt8>) {
        begin()
        bytes += text
    }

    private mutating func begin() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func raw(_ text: String) {
        begin()
        bytes += text.utf8
    }

    private mutating func open(_ bracket: UInt8) {
        begin()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            // Copies the stretches between what must be escaped as a whole.
            var start = 0
            for index in 0..<utf8.count {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                    continue
                }
                bytes += UnsafeBufferPointer(rebasing: utf8[start..<index])
                escape(byte)
                start = index + 1
            }
            bytes += UnsafeBufferPointer(rebasing: utf8[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            let digits: StaticString = "0123456789abcdef"
            bytes += [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")]
            bytes.append(digits.utf8Start[Int(byte >> 4)])
            bytes.append(digits.utf8Start[Int(byte & 15)])
        }
    }
}

extension JSONWriter {
    package mutating func member(_ name: String, _ text: String) {
        self.name(name)
        value(text)
    }

    package mutating func member(_ name: String, _ isTrue: Bool) {
        self.name(name)
        value(isTrue)
    }

    package mutating func member(_ name: String, _ number: some FixedWidthInteger) {
        self.name(name)
        value(number)
    }

    package mutating func member(_ name: String, _ number: Double) {
        self.name(name)
        value(number)
    }

    package mutating func member(_ name: String, _ value: JSONValue) {
        self.name(name)
        self.value(value)
    }

    /// A member whose value the closure writes.
    package mutating func member(_ name: String, _ value: (inout JSONWriter) -> Void) {
        self.name(name)
        value(&self)
    }
}

extension JSONValue {
    /// As JSON text without white space.
    package var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// As JSON text without white space.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}
