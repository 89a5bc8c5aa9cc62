import HTTP
import Nouns
import Testing

struct ChunkedTests {
    /// Feeds the text in pieces; the data, and how many bytes belonged to the body if it is complete.
    func decode(_ text: String, piece: Int = .max) throws -> (data: String, consumed: Int?) {
        var decoder = ChunkedDecoder()
        var data: [UInt8] = []
        var consumed = 0
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count, !decoder.isComplete {
            let end = piece > bytes.count - index ? bytes.count : index + piece
            consumed += try bytes[index..<end].withUnsafeBytes { buffer in
                try decoder.decode(buffer) { data += $0 }
            }
            index = end
        }
        return (String(decoding: data, as: UTF8.self), decoder.isComplete ? consumed : nil)
    }

    @Test(arguments: [1, 2, 3, 7, Int.max]) func `takes a body apart however it comes`(_ piece: Int) throws {
        let text = "5\r\nhello\r\n00a;x=\"y\"\r\n, worlds!!\r\n0\r\nA: b\r\nC:\r\n\r\n"
        let result = try decode(text + "GET", piece: piece)
        #expect(result.data == "hello, worlds!!")
        #expect(result.consumed == text.utf8.count)
    }

    @Test func `is not complete before the last line end`() throws {
        let text = "1\r\na\r\n0\r\nA: b\r\n\r\n"
        for count in 0..<text.utf8.count {
            let cut = String(decoding: Array(text.utf8)[..<count], as: UTF8.self)
            #expect(try decode(cut).consumed == nil)
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\na\r\n", "1\na\r\n", "1\r\nab\r\n", "1\r\na\n",
        "1\r\na\rb",
        "1\r\r\na", "1234567890abcdef\r\n", "1;\0\r\n", "1;a\nb\r\n", "0\r\n\n", "0\r\n: a\r\n", "0\r\nA b: c\r\n",
        "0\r\nA: b\nC: d\r\n\r\n", "0\r\n A: b\r\n", "0\r\nA: \0\r\n\r\n", "1_0\r\n",
    ]) func `refuses malformed framing`(_ text: String) {
        #expect(throws: Fault.chunkMalformed) { try decode(text) }
    }

    @Test func `limits a chunk's line, the framing as a whole and the trailers`() throws {
        #expect(throws: Fault.chunkOverhead) {
            try decode("1;" + String(repeating: "x", count: ChunkedDecoder.lineMax))
        }
        let padded = "1;" + String(repeating: "x", count: 200) + "\r\na\r\n"
        #expect(throws: Fault.chunkOverhead) { try decode(String(repeating: padded, count: 100)) }
        #expect(try decode(String(repeating: "1\r\na\r\n", count: 20_000)).data.utf8.count == 20_000)
        #expect(throws: Fault.trailersTooLong) {
            try decode("0\r\n" + String(repeating: "A: b\r\n", count: ChunkedDecoder.trailersMax / 6 + 1))
        }
    }

    @Test func `what is encoded is decoded again`() throws {
        var output: [UInt8] = []
        for piece in ["hello", "", String(repeating: "x", count: 300)] {
            Array(piece.utf8).withUnsafeBytes { ChunkedEncoder.append($0, to: &output) }
        }
        ChunkedEncoder.appendEnd(to: &output)
        #expect(output.starts(with: Array("5\r\nhello\r\n12c\r\nxxx".utf8)))
        let result = try decode(String(decoding: output, as: UTF8.self))
        #expect(result.data == "hello" + String(repeating: "x", count: 300))
        #expect(result.consumed == output.count)
    }
}
