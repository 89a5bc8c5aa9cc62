import Contracts
import JSON
import Nouns

/// One project as the registry keeps it.
package struct Project: Hashable, Sendable {
    package enum State: String, Sendable {
        /// Open for use. Leaves to `deleting` when an operator deletes it.
        case active
        /// Fenced off: no front opens it any more; its processes and data are being removed, over crashes too.
        /// Leaves by being forgotten.
        case deleting
    }

    /// A random UUID; never used again.
    package let id: ProjectID
    package let name: ProjectName
    package let slug: Slug
    package var key: ProjectKey
    /// Those that differ from the cluster file's.
    package var limits: ProjectLimits.Overrides
    package var state: State
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package let created: Int64
    package var updated: Int64

    package init(
        id: ProjectID, name: ProjectName, slug: Slug, key: ProjectKey, limits: ProjectLimits.Overrides = .init(),
        state: State = .active, created: Int64, updated: Int64
    ) {
        (self.id, self.name, self.slug, self.key, self.limits) = (id, name, slug, key, limits)
        (self.state, self.created, self.updated) = (state, created, updated)
    }

    package var keyEntry: KeyEntry { KeyEntry(project: id, slug: slug.text, key: key.text, limits: limits) }

    /// A version 4 UUID (RFC 9562 §5.4) as an id.
    package static func id(random: (UInt64, UInt64)) -> ProjectID {
        let high = random.0 & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.1 & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = hex(high) + hex(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return ProjectID(text)!
    }

    private static func hex(_ word: UInt64) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}

extension Project {
    /// As operators see it.
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("id", id.text)
            $0.member("name", name.text)
            $0.member("slug", slug.text)
            $0.member("public_api_key", key.text)
            $0.member("created_at", Timestamp(created).text)
            $0.member("updated_at", Timestamp(updated).text)
            $0.member("state", state.rawValue)
        }
    }
}
