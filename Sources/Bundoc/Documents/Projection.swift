import JSON
import Nouns

/// Which members of documents an answer shows.
package enum Projection: Hashable, Sendable {
    case all
    /// The members of these names, in the document's order; `_id` only if it is among them.
    case only([String])

    /// From `fields=a,b`; nothing named means all.
    ///
    /// - Throws: 400 `fields.too_many`.
    package init(_ text: String, max: Int) throws(Fault) {
        try self.init(names: text.split(separator: ",").map(String.init), max: max)
    }

    package init(names: [String], max: Int) throws(Fault) {
        guard names.count <= max else {
            throw Fault(400, "fields.too_many", "At most \(max) names may stand in fields.")
        }
        self = names.isEmpty ? .all : .only(names)
    }

    package func applied(to document: JSONObject) -> JSONObject {
        guard case .only(let names) = self else { return document }
        var shown = JSONObject()
        for member in document.members where names.contains(where: { $0.utf8.elementsEqual(member.name.utf8) }) {
            shown[member.name] = member.value
        }
        return shown
    }
}
