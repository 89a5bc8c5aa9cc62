/// What a command answers, in the terms of RESP.
package enum Reply: Hashable, Sendable {
    case simple(StaticText)
    case text(String)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([Reply])
    /// Pairs; in RESP2 a flat array.
    case map([(Reply, Reply)])
    /// Begins with its code: `ERR …`, `OOM …`.
    case error(String)

    /// A fixed line such as `OK`.
    package struct StaticText: Hashable, Sendable {
        package let text: String
    }

    package static let ok = Reply.simple(StaticText(text: "OK"))

    package static func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }

    package static func == (a: Reply, b: Reply) -> Bool { a.written(version: 3) == b.written(version: 3) }
    package func hash(into hasher: inout Hasher) { hasher.combine(written(version: 3)) }

    private func written(version: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, version: version)
        return bytes
    }

    /// Appends its bytes in RESP2 or RESP3.
    package func write(to bytes: inout [UInt8], version: Int) {
        switch self {
        case .simple(let line): Self.line("+", line.text, &bytes)
        case .text(let text): Self.line("+", text, &bytes)
        case .integer(let number): Self.line(":", number, &bytes)
        case .bulk(let content):
            Self.line("$", Int64(content.count), &bytes)
            bytes.append(contentsOf: content)
            bytes.append(13)
            bytes.append(10)
        case .null: Self.line(version >= 3 ? "_" : "$", version >= 3 ? "" : "-1", &bytes)
        case .array(let items):
            Self.line("*", Int64(items.count), &bytes)
            for item in items { item.write(to: &bytes, version: version) }
        case .map(let pairs):
            Self.line(version >= 3 ? "%" : "*", Int64(version >= 3 ? pairs.count : 2 * pairs.count), &bytes)
            for (name, value) in pairs {
                name.write(to: &bytes, version: version)
                value.write(to: &bytes, version: version)
            }
        case .error(let message): Self.line("-", message, &bytes)
        }
    }

    private static func line(_ mark: Unicode.Scalar, _ text: String, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: mark))
        for byte in text.utf8 { bytes.append(byte == 13 || byte == 10 ? 32 : byte) }
        bytes.append(13)
        bytes.append(10)
    }

    private static func line(_ mark: Unicode.Scalar, _ number: Int64, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: mark))
        Decimal.append(number, to: &bytes)
        bytes.append(13)
        bytes.append(10)
    }
}

/// Whole numbers as text, in the strict form that Redis takes: no sign but `-`, no zeros in front, no blanks.
enum Decimal {
    static func append(_ number: Int64, to bytes: inout [UInt8]) {
        if (0..<10).contains(number) { return bytes.append(UInt8(48 + number)) }
        bytes.append(contentsOf: String(number).utf8)
    }

    static func parse(_ bytes: some Collection<UInt8>) -> Int64? {
        guard !bytes.isEmpty, bytes.count <= 20 else { return nil }
        var rest = bytes[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        guard let first = rest.first, (48...57).contains(first) else { return nil }
        if first == 48 { return rest.count == 1 && !isNegative ? 0 : nil }
        var number: Int64 = 0
        for byte in rest {
            guard (48...57).contains(byte) else { return nil }
            let (tens, over) = number.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - 48)
            let (sum, carry) =
                isNegative
                ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !over, !carry else { return nil }
            number = sum
        }
        return number
    }
}
