extension JSONValue {
    /// Reads a whole JSON text, strictly: nothing before or behind the value but white space, valid UTF-8 without a
    /// byte order mark, escapes that stand for characters, at most `bytesMax` bytes and `depthMax` levels.
    ///
    /// Of two members of one name the last counts, at the place of the first.
    package init(
        parsing bytes: [UInt8], bytesMax: Int = .max, depthMax: Int = JSONValue.depthMax
    ) throws(Malformed) {
        guard bytes.count <= bytesMax else {
            throw Malformed("a text of more than \(bytesMax) bytes", at: bytesMax)
        }
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, Malformed> in
            var parser = JSONParser(buffer, depthMax: depthMax)
            do throws(Malformed) {
                return .success(try parser.text())
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// The same for a text at hand as a string.
    package init(parsing text: String) throws(Malformed) { try self.init(parsing: Array(text.utf8)) }
}

/// Reads one JSON text by recursive descent.
struct JSONParser {
    typealias Malformed = JSONValue.Malformed

    let bytes: UnsafeBufferPointer<UInt8>
    var offset = 0
    private var depthLeft: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, depthMax: Int) {
        (self.bytes, self.depthLeft) = (bytes, depthMax)
    }

    mutating func text() throws(Malformed) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard offset == bytes.count else { throw malformed("something behind the value") }
        return value
    }

    /// The byte at hand; nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func malformed(_ reason: String) -> Malformed {
        Malformed(offset < bytes.count ? reason : "an early end: \(reason)", at: offset)
    }

    private mutating func value() throws(Malformed) -> JSONValue {
        guard let byte = next else { throw malformed("expected a value") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw malformed("expected a value")
        }
    }

    private mutating func object() throws(Malformed) -> JSONObject {
        try enter()
        defer { depthLeft += 1 }
        var object = JSONObject()
        skipSpace()
        if take(UInt8(ascii: "}")) { return object }
        while true {
            guard next == UInt8(ascii: "\"") else { throw malformed("expected a member's name") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed("expected a colon") }
            skipSpace()
            object[name] = try value()
            skipSpace()
            if take(UInt8(ascii: "}")) { return object }
            guard take(UInt8(ascii: ",")) else { throw malformed("expected a comma or a closing brace") }
            skipSpace()
        }
    }

    private mutating func array() throws(Malformed) -> [JSONValue] {
        try enter()
        defer { depthLeft += 1 }
        var array: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return array }
        while true {
            array.append(try value())
            skipSpace()
            if take(UInt8(ascii: "]")) { return array }
            guard take(UInt8(ascii: ",")) else { throw malformed("expected a comma or a closing bracket") }
            skipSpace()
        }
    }

    /// Takes the opening bracket.
    private mutating func enter() throws(Malformed) {
        guard depthLeft > 0 else { throw malformed("arrays and objects too deep in each other") }
        depthLeft -= 1
        offset += 1
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(Malformed) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard next == text.utf8Start[index] else { throw malformed("expected a value") }
            offset += 1
        }
        return value
    }
}
