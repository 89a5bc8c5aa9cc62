import Nouns

/// What is wrong with a message, one for each rule that it can break.
extension Fault {
    package static let lineMalformed = Fault(
        400, "request.line_malformed", "The request line is not METHOD TARGET HTTP/1.1.")
    package static let methodMalformed = Fault(
        400, "request.method_malformed", "The method holds a byte that methods cannot have, or is longer than 32 bytes."
    )
    package static let targetMalformed = Fault(
        400, "request.target_malformed",
        "The request target holds bytes that must be percent-encoded, or is no path or URL."
    )
    package static let newlineBare = Fault(400, "request.newline_bare", "A line of the head does not end in CR LF.")
    package static let fieldMalformed = Fault(
        400, "request.field_malformed", "A header line is not NAME: VALUE with a name of letters, digits and -.")
    package static let fieldSpaced = Fault(
        400, "request.field_spaced", "A header name is followed by a space; remove it.")
    package static let fieldFolded = Fault(
        400, "request.field_folded", "A header line begins with a space; put the whole value in one line.")
    package static let controlByte = Fault(400, "request.control_byte", "A header value holds a control byte.")
    package static let lengthMalformed = Fault(
        400, "request.length_malformed", "Content-Length is not a plain decimal number of at most 15 digits.")
    package static let lengthRepeated = Fault(400, "request.length_repeated", "Content-Length is given more than once.")
    package static let lengthAndCoding = Fault(
        400, "request.length_and_coding", "Content-Length and Transfer-Encoding are both given; send one of them.")
    package static let codingMalformed = Fault(
        400, "request.coding_malformed", "Transfer-Encoding does not end in chunked, names it twice, or is of HTTP/1.0."
    )
    package static let codingUnknown = Fault(
        501, "request.coding_unknown", "A transfer coding other than chunked was used; send the body as it is.")
    package static let hostMissing = Fault(400, "request.host_missing", "A Host header is required in HTTP/1.1.")
    package static let hostRepeated = Fault(400, "request.host_repeated", "Host is given more than once.")
    package static let hostMalformed = Fault(400, "request.host_malformed", "Host is not NAME or NAME:PORT.")
    package static let hostMismatch = Fault(
        400, "request.host_mismatch", "The request's URL and its Host header differ.")
    package static let expectationUnknown = Fault(
        417, "request.expectation_unknown", "Only the expectation 100-continue is known.")
    package static let chunkMalformed = Fault(400, "request.chunk_malformed", "The chunked body is malformed.")
    package static let chunkOverhead = Fault(
        400, "request.chunk_overhead",
        "The chunked body consists mostly of framing; send larger chunks without extensions.")
    package static let trailersTooLong = Fault(
        431, "request.trailers_too_long",
        "The trailers behind the body are longer than \(ChunkedDecoder.trailersMax) bytes.")
    package static let percentMalformed = Fault(
        400, "request.percent_malformed", "A percent sign is not followed by two hexadecimal digits.")
    package static let versionUnsupported = Fault(
        505, "request.version_unsupported", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    package static let methodUnsupported = Fault(
        501, "request.method_unsupported", "CONNECT is not supported: this is not a forward proxy.")

    package static func targetTooLong(_ limit: Int) -> Fault {
        Fault(414, "request.target_too_long", "The request line is longer than \(limit) bytes.")
    }
    package static func headTooLong(_ limit: Int) -> Fault {
        Fault(431, "request.head_too_long", "The request's head is longer than \(limit) bytes.")
    }
    package static func fieldsTooMany(_ limit: Int) -> Fault {
        Fault(431, "request.fields_too_many", "The request has more than \(limit) header lines.")
    }
}
