/// One project's one kind; a pool kind has several, told apart by their ordinal.
package struct InstanceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let project: ProjectID
    package let kind: Kind
    package let ordinal: Int

    package init(_ project: ProjectID, _ kind: Kind, ordinal: Int = 0) {
        (self.project, self.kind, self.ordinal) = (project, kind, ordinal)
    }

    /// `acme/bundoc`, or `acme/function-worker/2` for all but the first of a pool.
    package init?(_ text: some StringProtocol) {
        let words = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(words.count), let kind = Kind(words[1]) else { return nil }
        guard let project = words[0] == ProjectID.shared.text ? .shared : ProjectID(words[0]) else {
            return nil
        }
        let ordinal = words.count == 3 ? Int(words[2]) : 0
        guard let ordinal, (0...9999).contains(ordinal) else { return nil }
        self.init(project, kind, ordinal: ordinal)
    }

    package var description: String {
        ordinal == 0 ? "\(project)/\(kind)" : "\(project)/\(kind)/\(ordinal)"
    }

    package static func < (a: Self, b: Self) -> Bool {
        (a.project, a.kind, a.ordinal) < (b.project, b.kind, b.ordinal)
    }
}
