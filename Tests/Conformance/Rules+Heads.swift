/// Heads that two readers could understand differently.
extension Rule {
    private static let key = "X-Bunbase-Client-Key: {key}\r\n"
    private static let get = "GET /v1/test/a HTTP/1.1\r\n"
    private static let post = "POST /v1/test/a HTTP/1.1\r\nHost: h\r\n" + key

    static let heads: [Rule] = [
        .refuses(
            "a first line that ends in LF alone", "RFC 9112 §2.2", "GET /v1/test/a HTTP/1.1\nHost: h\r\n\(key)\r\n",
            400,
            "request.newline_bare"),
        .refuses(
            "a field line that ends in LF alone", "RFC 9112 §2.2", "\(get)Host: h\nX-A: b\r\n\(key)\r\n", 400,
            "request.newline_bare"),
        .refuses(
            "an empty line of LF alone", "RFC 9112 §2.2", "\(get)Host: h\r\n\(key)\n", 400, "request.newline_bare"),
        .refuses(
            "CR within a value", "RFC 9112 §2.2", "\(get)Host: h\r\nX-A: b\rc\r\n\(key)\r\n", 400,
            "request.newline_bare"),
        .refuses(
            "a value over several lines", "RFC 9112 §5.2", "\(get)Host: h\r\nX-A: b\r\n c\r\n\(key)\r\n", 400,
            "request.field_folded"),
        .refuses(
            "a space before the first field", "RFC 9112 §2.2", "\(get) Host: h\r\n\(key)\r\n", 400,
            "request.field_folded"),
        .refuses(
            "a space before the colon", "RFC 9112 §5.1", "\(get)Host: h\r\nX-A : b\r\n\(key)\r\n", 400,
            "request.field_spaced"),
        .refuses(
            "a field without a colon", "RFC 9112 §5", "\(get)Host: h\r\nX-A\r\n\(key)\r\n", 400,
            "request.field_malformed"),
        .refuses(
            "a field without a name", "RFC 9112 §5", "\(get)Host: h\r\n: a\r\n\(key)\r\n", 400,
            "request.field_malformed"),
        .refuses(
            "a name that is no token", "RFC 9110 §5.1", "\(get)Host: h\r\nX(A): b\r\n\(key)\r\n", 400,
            "request.field_malformed"),
        .refuses(
            "NUL in a value", "RFC 9110 §5.5", "\(get)Host: h\r\nX-A: b\u{0}c\r\n\(key)\r\n", 400,
            "request.control_byte"),
        .refuses(
            "a control byte in a value", "RFC 9110 §5.5", "\(get)Host: h\r\nX-A: b\u{1b}c\r\n\(key)\r\n", 400,
            "request.control_byte"),
        .refuses(
            "DEL in a value", "RFC 9110 §5.5", "\(get)Host: h\r\nX-A: b\u{7f}c\r\n\(key)\r\n", 400,
            "request.control_byte"),
        .refuses(
            "a control byte in the target", "RFC 9112 §3.2", "GET /v1/test/\u{1} HTTP/1.1\r\nHost: h\r\n\(key)\r\n",
            400,
            "request.target_malformed"),
        .refuses(
            "a target with a space", "RFC 9112 §3.2", "GET /v1/test/a b HTTP/1.1\r\nHost: h\r\n\(key)\r\n", 400,
            "request.line_malformed"),
        .refuses(
            "two spaces behind the method", "RFC 9112 §3", "GET  /v1/test/a HTTP/1.1\r\nHost: h\r\n\(key)\r\n", 400,
            "request.line_malformed"),
        .refuses(
            "a method that is no token", "RFC 9112 §3.1", "G@T /v1/test/a HTTP/1.1\r\nHost: h\r\n\(key)\r\n", 400,
            "request.method_malformed"),
        .refuses(
            "a first line without a version", "RFC 9112 §3", "GET /v1/test/a\r\nHost: h\r\n\(key)\r\n", 400,
            "request.line_malformed"),
        .refuses(
            "another version", "RFC 9110 §2.5", "GET /v1/test/a HTTP/2.0\r\nHost: h\r\n\(key)\r\n", 505,
            "request.version_unsupported"),
        .refuses(
            "the version in lower case", "RFC 9112 §2.3", "GET /v1/test/a http/1.1\r\nHost: h\r\n\(key)\r\n", 400,
            "request.line_malformed"),
        .refuses("no Host", "RFC 9112 §3.2", "\(get)\(key)\r\n", 400, "request.host_missing"),
        .refuses(
            "Host twice", "RFC 9112 §3.2", "\(get)Host: h\r\nHost: h\r\n\(key)\r\n", 400, "request.host_repeated"),
        .refuses("a Host with a path", "RFC 9112 §3.2", "\(get)Host: h/a\r\n\(key)\r\n", 400, "request.host_malformed"),
        .refuses(
            "a URL of another host than Host's", "RFC 9112 §3.2.2",
            "GET http://x/v1/test/a HTTP/1.1\r\nHost: h\r\n\(key)\r\n", 400, "request.host_mismatch"),
        .refuses(
            "CONNECT", "RFC 9110 §9.3.6", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\(key)\r\n", 501,
            "request.method_unsupported"),
        .refuses(
            "a first line that is too long", "RFC 9112 §3",
            "GET /v1/test/\(String(repeating: "a", count: 2000)) HTTP/1.1\r\n", 414, "request.target_too_long", .tight),
        .refuses(
            "a head that is too long", "RFC 6585 §5", "\(get)X-A: \(String(repeating: "a", count: 2_000))\r\n", 431,
            "request.head_too_long", .tight),
        .refuses(
            "too many fields", "RFC 6585 §5", get + String(repeating: "X-A: b\r\n", count: 13) + "Host: h\r\n\r\n", 431,
            "request.fields_too_many", .tight),
        .refuses(
            "an expectation other than 100-continue", "RFC 9110 §10.1.1", "\(get)Host: h\r\nExpect: more\r\n\(key)\r\n",
            417, "request.expectation_unknown"),
        .refuses(
            "Content-Length twice, also with one value", "RFC 9112 §6.3",
            "\(post)Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400, "request.length_repeated"),
        .refuses(
            "two values of Content-Length", "RFC 9112 §6.3", "\(post)Content-Length: 1\r\nContent-Length: 2\r\n\r\naa",
            400,
            "request.length_repeated"),
        .refuses(
            "a list in Content-Length", "RFC 9112 §6.3", "\(post)Content-Length: 1, 1\r\n\r\na", 400,
            "request.length_malformed"),
        .refuses(
            "a sign in Content-Length", "RFC 9110 §8.6", "\(post)Content-Length: +1\r\n\r\na", 400,
            "request.length_malformed"),
        .refuses(
            "another base in Content-Length", "RFC 9110 §8.6", "\(post)Content-Length: 0x1\r\n\r\na", 400,
            "request.length_malformed"),
        .refuses(
            "an empty Content-Length", "RFC 9110 §8.6", "\(post)Content-Length:\r\n\r\na", 400,
            "request.length_malformed"),
        .refuses(
            "a Content-Length beyond all numbers", "RFC 9110 §8.6",
            "\(post)Content-Length: 18446744073709551617\r\n\r\na", 400, "request.length_malformed"),
        .refuses(
            "Transfer-Encoding together with Content-Length", "RFC 9112 §6.1",
            "\(post)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "request.length_and_coding"),
        .refuses(
            "Content-Length together with Transfer-Encoding", "RFC 9112 §6.1",
            "\(post)Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400,
            "request.length_and_coding"),
        .refuses(
            "a coding that does not end in chunked", "RFC 9112 §6.3", "\(post)Transfer-Encoding: gzip\r\n\r\n", 400,
            "request.coding_malformed"),
        .refuses(
            "an unknown coding before chunked", "RFC 9112 §6.1",
            "\(post)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "request.coding_unknown"),
        .refuses(
            "chunked twice", "RFC 9112 §7.1", "\(post)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400,
            "request.coding_malformed"),
        .refuses(
            "Transfer-Encoding twice", "RFC 9112 §7.1",
            "\(post)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "request.coding_malformed"),
        .refuses(
            "an empty Transfer-Encoding beside chunked", "RFC 9112 §6.1",
            "\(post)Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", 400,
            "request.coding_malformed"),
        .refuses(
            "an empty coding before chunked", "RFC 9112 §6.1",
            "\(post)Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n", 400, "request.coding_malformed"),
        .refuses(
            "chunked in HTTP/1.0", "RFC 9112 §6.1",
            "POST /v1/test/a HTTP/1.0\r\nHost: h\r\n\(key)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "request.coding_malformed"),
    ]
}
