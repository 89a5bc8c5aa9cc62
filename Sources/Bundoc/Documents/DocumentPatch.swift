import JSON
import Nouns

/// A change of some members of a document.
///
/// `"$unset": {"path": anything}` takes members away, first. Every other member is then set, as a whole: objects are
/// not merged into each other, and null is a value. A name with dots is a path: objects on the way are made where they
/// are missing, and put in the place of anything that is not an object; elements of arrays cannot be reached. `_id`
/// stays as it is: naming it is allowed only with the value it has.
package struct DocumentPatch: Hashable, Sendable {
    private static let unsetMember = "$unset"
    /// Names in one path.
    package static let pathMax = 32

    private let unset: [[String]]
    private let set: [(path: [String], value: JSONValue)]
    private let id: JSONValue?

    /// - Throws: 400 `patch.malformed`.
    package init(_ object: JSONObject) throws(Fault) {
        var unset: [[String]] = []
        var set: [(path: [String], value: JSONValue)] = []
        var id: JSONValue?
        for member in object.members {
            switch member.name {
            case Self.unsetMember:
                guard let paths = member.value.object else {
                    throw Self.malformed("$unset must be an object whose names are the paths to take away")
                }
                for path in paths.members { unset.append(try Self.path(path.name)) }
            case DocumentID.member: id = member.value
            case let name where name.hasPrefix("$"):
                throw Self.malformed("the only operator is $unset; names that begin with $ are operators")
            default: set.append((try Self.path(member.name), member.value))
            }
        }
        (self.unset, self.set, self.id) = (unset, set, id)
    }

    /// The document with the change. A changed member keeps its place, a new one comes behind the others.
    ///
    /// - Throws: 400 `document.id_fixed`.
    package func applied(to document: JSONObject, id: DocumentID) throws(Fault) -> JSONObject {
        guard self.id == nil || self.id == .string(id.text) else { throw Self.idFixed }
        var document = document
        for path in unset { Self.remove(path[...], from: &document) }
        for (path, value) in set { Self.assign(value, at: path[...], in: &document) }
        return document
    }

    private static func assign(_ value: JSONValue, at path: ArraySlice<String>, in object: inout JSONObject) {
        guard let name = path.first else { return }
        let rest = path.dropFirst()
        guard !rest.isEmpty else { return object[name] = value }
        var inner = object[name]?.object ?? JSONObject()
        assign(value, at: rest, in: &inner)
        object[name] = .object(inner)
    }

    private static func remove(_ path: ArraySlice<String>, from object: inout JSONObject) {
        guard let name = path.first else { return }
        let rest = path.dropFirst()
        guard !rest.isEmpty else { return object[name] = nil }
        guard var inner = object[name]?.object else { return }
        remove(rest, from: &inner)
        object[name] = .object(inner)
    }

    private static func path(_ text: String) throws(Fault) -> [String] {
        let names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }) else {
            throw malformed("a path has names parted by single dots, none of them empty")
        }
        guard names.count <= pathMax else { throw malformed("a path has at most \(pathMax) names") }
        guard names.first != DocumentID.member else { throw idFixed }
        return names
    }

    private static func malformed(_ reason: String) -> Fault {
        Fault(400, "patch.malformed", "The patch cannot be applied: \(reason).")
    }

    package static let idFixed = Fault(
        400, "document.id_fixed", "A document's _id cannot change; create another document instead.")

    package static func == (a: Self, b: Self) -> Bool {
        a.unset == b.unset && a.id == b.id && a.set.elementsEqual(b.set, by: ==)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(unset)
        hasher.combine(set.map(\.path))
        hasher.combine(id)
    }
}
