import Nouns

/// The fields behind a chunked body (RFC 9110 §6.5).
package enum Trailers {
    /// Writes those lines that may go on: none that frames or routes a message, says who sends it, is meant for one
    /// hop, or is ours to say.
    ///
    /// - Parameter lines: as `ChunkedDecoder` checked them.
    package static func append(_ lines: [UInt8], to output: OutputBuffer) {
        guard !lines.isEmpty else { return }
        lines.withUnsafeBytes { lines in
            var scanner = FieldScanner(HeadLimits(bytesMax: .max, fieldsMax: .max))
            var fields = Fields()
            // They have no empty line at their end: what was read so far counts.
            _ = try? scanner.scan(lines, into: &fields)
            fields.append(lines, end: lines.count, to: output, without: left)
        }
    }

    /// All that decide something, but for two that are news.
    private static let left = FieldNames(.other, .date, .server).inverted
}
