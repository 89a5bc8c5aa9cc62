import Contracts
import Nouns

/// Which key opens which project, with a version for each change, so that a front that knows an older version needs
/// only what changed since.
///
/// Removed projects are remembered as tombstones, the newest `tombstonesMax` of them; a front from before the oldest
/// gets the whole table.
package struct VersionedKeys: Sendable {
    package static let tombstonesMax = 1_000
    /// Revoked tokens that are remembered, for fronts that are connected; others forget all tokens when they come back.
    package static let revocationsMax = 256

    package struct Entry: Hashable, Sendable {
        package let entry: KeyEntry
        package let version: UInt64
        package init(_ entry: KeyEntry, version: UInt64) { (self.entry, self.version) = (entry, version) }
    }

    package struct Tombstone: Hashable, Sendable {
        package let project: ProjectID
        package let version: UInt64
        package init(_ project: ProjectID, version: UInt64) { (self.project, self.version) = (project, version) }
    }

    /// What brings a front's table up to date.
    package struct Changes: Hashable, Sendable {
        /// What is not named is gone.
        package var isWhole: Bool
        /// Ascending in version.
        package var messages: [KeyChannel.FromPlatform]

        package init(isWhole: Bool, messages: [KeyChannel.FromPlatform]) {
            (self.isWhole, self.messages) = (isWhole, messages)
        }
    }

    /// Of the newest change; 0 before the first.
    package private(set) var version: UInt64
    /// Changes up to this version may be forgotten.
    package private(set) var floor: UInt64
    private var entries: [ProjectID: Entry]
    /// Ascending in version.
    package private(set) var tombstones: [Tombstone]
    /// Ascending in version.
    private var revocations: [(token: TokenID, version: UInt64)] = []

    package init(version: UInt64 = 0, floor: UInt64 = 0, entries: [Entry] = [], tombstones: [Tombstone] = []) {
        (self.version, self.floor) = (version, floor)
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.entry.project, $0) })
        self.tombstones = tombstones.sorted { $0.version < $1.version }
    }

    package var count: Int { entries.count }

    /// Adds a project or changes its key; returns the new version.
    package mutating func set(_ entry: KeyEntry) -> UInt64 {
        version += 1
        entries[entry.project] = Entry(entry, version: version)
        return version
    }

    /// Removes a project; returns the new version.
    package mutating func remove(_ project: ProjectID) -> UInt64 {
        version += 1
        entries[project] = nil
        tombstones.append(Tombstone(project, version: version))
        if tombstones.count > Self.tombstonesMax { floor = tombstones.removeFirst().version }
        return version
    }

    /// Notes that a token is good no more; returns the new version.
    package mutating func revoke(_ token: TokenID) -> UInt64 {
        version += 1
        revocations.append((token, version))
        if revocations.count > Self.revocationsMax { revocations.removeFirst() }
        return version
    }

    /// For a front whose table has this version; 0 for one that has none.
    package func changes(since known: UInt64) -> Changes {
        let isWhole = known == 0 || known < floor || known > version
        let start = isWhole ? 0 : known
        var messages: [(version: UInt64, message: KeyChannel.FromPlatform)] = []
        for (_, entry) in entries where entry.version > start {
            messages.append((entry.version, .project(entry.entry, table: entry.version)))
        }
        for tombstone in tombstones where !isWhole && tombstone.version > start {
            messages.append((tombstone.version, .removed(tombstone.project, table: tombstone.version)))
        }
        for revocation in revocations where !isWhole && revocation.version > start {
            messages.append((revocation.version, .revoked(revocation.token, table: revocation.version)))
        }
        messages.sort { $0.version < $1.version }
        return Changes(isWhole: isWhole, messages: messages.map(\.message))
    }

    /// In the order of the ids, so that the same table gives the same file.
    package var snapshot: KeySnapshot {
        KeySnapshot(
            table: version, entries: entries.values.map(\.entry).sorted { $0.project < $1.project })
    }
}
