import JSON
import Nouns

/// What a request may ask for. Settings of the kind in the cluster file carry the names in brackets.
package struct DocumentLimits: Hashable, Sendable {
    /// Bytes of a document as sent and as stored, and of any other body (`body_max`).
    package var documentBytesMax = 1 << 20
    /// How deep objects and arrays may lie in each other.
    package var depthMax = 32
    /// Documents of one answer; `limit=0` means this too.
    package var listMax = 1_000
    /// Documents of one answer when nothing is said.
    package var listDefault = 100
    /// Bytes of documents in one answer: it ends before the document that would exceed them.
    package var listBytesMax = 8 << 20
    /// Documents that may be skipped.
    package var skipMax = 1_000_000
    /// Names in `fields`.
    package var fieldsMax = 100
    /// Collections of one project (`collections_max`).
    package var collectionsMax = 10_000

    /// A stored document may be deeper than `depthMax` says now: a patch can nest, and the limit may have been higher.
    static let storedDepthMax = 256

    package init() {}

    /// Parses a body that must be a JSON object within the limits.
    ///
    /// - Throws: 413 `request.body_too_long`, 400 `request.json_malformed` with the offset, 400
    ///   `request.body_not_an_object`.
    package func object(_ body: [UInt8]) throws(Fault) -> JSONObject {
        guard body.count <= documentBytesMax else { throw tooLarge }
        let value: JSONValue
        do throws(JSONValue.Malformed) {
            value = try JSONValue(parsing: body, depthMax: depthMax)
        } catch {
            throw Fault(400, "request.json_malformed", "The body is not valid JSON: \(error.description).")
        }
        guard let object = value.object else {
            throw Fault(400, "request.body_not_an_object", "The body must be a JSON object.")
        }
        return object
    }

    /// - Throws: 413 `document.too_large`.
    package func check(_ stored: [UInt8]) throws(Fault) {
        guard stored.count <= documentBytesMax else {
            throw Fault(
                413, "document.too_large",
                "The document would have \(stored.count) bytes; at most \(documentBytesMax) are allowed.")
        }
    }

    package var tooLarge: Fault {
        Fault(413, "request.body_too_long", "The body has more than \(documentBytesMax) bytes; split the document.")
    }
}
