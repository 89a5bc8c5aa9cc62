import HTTP
import JSON
import Nouns

/// What a handler answers. The server adds length, date and connection, and leaves the body out for HEAD.
package struct Response {
    package var status: Int
    package var contentType: StaticString?
    /// Further fields; their names are lower-case.
    package var fields: [(name: StaticString, value: String)]
    package var body: [UInt8]

    package init(
        _ status: Int, contentType: StaticString? = nil, fields: [(name: StaticString, value: String)] = [],
        body: [UInt8] = []
    ) {
        (self.status, self.contentType, self.fields, self.body) = (status, contentType, fields, body)
    }

    /// A status without a body.
    package static func empty(_ status: Int = 204) -> Response { Response(status) }

    /// A body that is JSON text.
    package static func json(_ status: Int, _ body: [UInt8]) -> Response {
        Response(status, contentType: "application/json", body: body)
    }

    package static func json(_ status: Int, _ value: JSONValue) -> Response { json(status, value.bytes) }

    /// A body that `write` writes.
    package static func json(_ status: Int, _ write: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        write(&writer)
        return json(status, writer.bytes)
    }

    package static func text(
        _ status: Int, _ text: String, contentType: StaticString = "text/plain; charset=utf-8"
    ) -> Response {
        Response(status, contentType: contentType, body: Array(text.utf8))
    }

    /// The form of all our errors: `{"error","code","party","retry_after"?,"request_id"?}`.
    package static func fault(_ fault: Fault, requestID: String? = nil) -> Response {
        var response = json(fault.status, FaultBody.bytes(fault, requestID: requestID ?? ""))
        if let seconds = FaultBody.retryAfterSeconds(fault) {
            response.fields.append(("retry-after", String(seconds)))
        }
        return response
    }
}
