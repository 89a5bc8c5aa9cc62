import JSON

/// How a document lies in the log and in the store. The first byte of stored bytes says which form they have, so that
/// another form can be added without rewriting what is there.
///
/// `text` is compact JSON with `_id` as first member, the others in the order in which they were sent; it begins with
/// `{`. What a GET answers is the stored bytes themselves.
package enum DocumentForm: Sendable {
    case text

    /// Nil for bytes of a form that this program does not know.
    package init?(of stored: some Collection<UInt8>) {
        guard stored.first == UInt8(ascii: "{") else { return nil }
        self = .text
    }

    package func encode(_ document: JSONObject, id: DocumentID) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object {
            $0.member(DocumentID.member, id.text)
            for member in document.members where member.name != DocumentID.member {
                $0.member(member.name, member.value)
            }
        }
        return writer.bytes
    }

    /// Nil for bytes that no program of ours wrote.
    package func decode(_ stored: [UInt8]) -> JSONObject? {
        try? JSONValue(parsing: stored, depthMax: DocumentLimits.storedDepthMax).object
    }
}
