import Nouns

/// Who has a user id of its own.
package enum UserOwner: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// All kinds of one project.
    case project(ProjectID)
    case service(Kind)

    package init(_ instance: InstanceID) {
        self = instance.project.isShared ? .service(instance.kind) : .project(instance.project)
    }

    /// As `description` writes it.
    package init?(_ text: String) {
        if text.hasPrefix("@"), let kind = Kind(String(text.dropFirst())) {
            self = .service(kind)
        } else if let project = ProjectID(text), !project.isShared {
            self = .project(project)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .project(let project): project.text
        case .service(let kind): "@\(kind)"
        }
    }

    package static func < (left: UserOwner, right: UserOwner) -> Bool { left.description < right.description }
}

/// Which user ids are whose. An id is one owner's; it is given again only after it was released, and then the one
/// that was released longest ago, once no fresh one is left.
package struct UserTable: Hashable, Sendable {
    package private(set) var ids: [UserOwner: UInt32] = [:]
    private var owners: [UInt32: UserOwner] = [:]
    /// In the order in which they were released, with who had them.
    package private(set) var released: [Released] = []
    /// The highest id that ever was anybody's.
    package private(set) var highest: UInt32 = 0

    package struct Released: Hashable, Sendable {
        package let owner: UserOwner
        package let id: UInt32
    }

    package init() {}

    package var isEmpty: Bool { ids.isEmpty && released.isEmpty }

    package func owner(of id: UInt32) -> UserOwner? { owners[id] }

    /// Another owner of that id, and another id of that owner, lose it.
    package mutating func give(_ id: UInt32, to owner: UserOwner) {
        if let before = ids[owner] { owners[before] = nil }
        if let before = owners[id] { ids[before] = nil }
        (ids[owner], owners[id]) = (id, owner)
        released.removeAll { $0.id == id }
        highest = max(highest, id)
    }

    package mutating func release(_ owner: UserOwner, _ id: UInt32) {
        if ids[owner] == id { (ids[owner], owners[id]) = (nil, nil) }
        if owners[id] == nil, !released.contains(where: { $0.id == id }) {
            released.append(Released(owner: owner, id: id))
        }
        highest = max(highest, id)
    }

    /// The id that a new owner gets; nil when none is left. The first of the range is no owner's. `isGone` is asked
    /// whether nothing of a former owner is left.
    package func next(in range: ClosedRange<UInt32>, isGone: (UserOwner) -> Bool) -> UInt32? {
        let fresh = max(highest, range.lowerBound) + 1
        if range.contains(fresh) { return fresh }
        return released.first { range.contains($0.id) && $0.id > range.lowerBound && isGone($0.owner) }?.id
    }

    /// The fewest journal lines that come to the same.
    var entries: [JournalEntry] {
        released.map { .user($0.owner, $0.id, isReleased: true) }
            + ids.sorted { $0.key < $1.key }.map { .user($0.key, $0.value, isReleased: false) }
    }
}
