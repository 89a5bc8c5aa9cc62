import Nouns

/// On what state of a document a write insists: `If-Match` and `If-None-Match` of RFC 9110, 13.1, with a document's
/// revision as its entity tag.
package struct Precondition: Hashable, Sendable {
    package enum Demand: Hashable, Sendable {
        case exists
        case hasOneOf([Revision])
        case isMissing
    }

    package let demand: Demand?

    package static let none = Precondition(demand: nil)

    package init(demand: Demand?) { self.demand = demand }

    /// - Throws: 400 `precondition.malformed` for what is not `*` or tags that we gave.
    package init(ifMatch: String?, ifNoneMatch: String?) throws(Fault) {
        switch (ifMatch, ifNoneMatch) {
        case (nil, nil): demand = nil
        case ("*", nil): demand = .exists
        case (let tags?, nil): demand = .hasOneOf(try Self.revisions(tags))
        case (nil, "*"): demand = .isMissing
        default:
            throw Self.malformed("send If-Match with tags from ETag or *, or If-None-Match: *, not both")
        }
    }

    /// - Parameter stored: the document's revision; nil where there is none.
    /// - Throws: 412 `document.revision_mismatch`.
    package func check(_ stored: Revision?) throws(Fault) {
        let holds =
            switch demand {
            case nil: true
            case .exists: stored != nil
            case .isMissing: stored == nil
            case .hasOneOf(let revisions): stored.map(revisions.contains) ?? false
            }
        guard holds else {
            throw Fault(
                412, "document.revision_mismatch",
                stored.map { "The document has revision \($0) now; read it again and repeat the change." }
                    ?? "There is no such document.")
        }
    }

    /// A comma-separated list of strong tags: `"12", "15"`. Weak tags never match (RFC 9110, 13.1.1).
    private static func revisions(_ tags: String) throws(Fault) -> [Revision] {
        var revisions: [Revision] = []
        for tag in tags.split(separator: ",") {
            let text = tag.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            let bytes = Array(String(text).utf8)
            guard bytes.count > 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\""),
                let number = UInt64(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self))
            else { throw malformed("a tag is a revision in quotes, as ETag gave it") }
            revisions.append(Revision(number))
        }
        guard !revisions.isEmpty else { throw malformed("If-Match names no tag") }
        return revisions
    }

    private static func malformed(_ reason: String) -> Fault {
        Fault(400, "precondition.malformed", "The precondition cannot be read: \(reason).")
    }
}

extension Revision {
    /// As an entity tag.
    package var tag: String { "\"\(number)\"" }
}
