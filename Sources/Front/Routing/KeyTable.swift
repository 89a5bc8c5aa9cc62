import Contracts
import HTTP
import Nouns

/// Which key opens which project, kept current by the platform's messages.
///
/// Keys are found by a hash that is keyed anew in each process (the standard library's SipHash), and compared in
/// constant time; so neither collisions nor answers' times tell anything about other keys.
package struct KeyTable {
    /// Projects of one front; more are refused by ending the channel, so that the platform's operator hears of it.
    package static let projectsMax = 200_000

    /// What the platform sent breaks the protocol; the channel is to be opened anew.
    package struct Violation: Error, Hashable, Sendable {
        package let reason: String
    }

    /// Up to where the table is known to be complete; 0: nothing is known yet.
    package private(set) var version: UInt64 = 0
    private let store: Store
    private var isSynced = false
    /// While a whole table is transferred: the projects that it has not named yet.
    private var unnamed: Set<ProjectID>?

    /// What is found by something. A class, so that requests pass the table around by one reference.
    private final class Store {
        let gauges: any ProjectGauges
        var entries: [ProjectID: ProjectEntry] = [:]
        var byKey: [ProjectKey: ProjectEntry] = [:]
        /// By slug and by id.
        var byName = ByteTable<ProjectEntry>()
        /// Of projects that have none of their own.
        var limits = ProjectLimits()

        init(_ gauges: any ProjectGauges) { self.gauges = gauges }
    }

    package init(gauges: any ProjectGauges = SoleGauges()) { store = Store(gauges) }

    /// Begins with the platform's file. Entries whose key has not a key's form are left out.
    package mutating func begin(_ snapshot: KeySnapshot) {
        for entry in snapshot.entries.prefix(Self.projectsMax) { insert(entry) }
        version = snapshot.table
    }

    /// Whether the platform or its file has been heard at all: only then is a key that is not here unknown.
    package var isKnown: Bool { isSynced || version > 0 }
    package var count: Int { store.entries.count }

    package func contains(_ project: ProjectID) -> Bool { store.entries[project] != nil }

    /// The project that a key opens. A key that is not here opens none: the table is whole, so that nobody has to be
    /// asked about a wrong one, and refusing it costs no more than finding a good one.
    package func entry(_ key: ProjectKey) -> ProjectEntry? { store.byKey[key] }

    package func entry(_ id: ProjectID) -> ProjectEntry? { store.entries[id] }

    /// The project of that id or slug, whoever asks. An id wins over an equal slug.
    package func entry(named name: UnsafeRawBufferPointer) -> ProjectEntry? { store.byName[name] }
    package func entry(named name: String) -> ProjectEntry? { store.byName[name] }

    /// The same for a name as hosts have it, where case makes no difference.
    package func entry(labelled label: UnsafeRawBufferPointer) -> ProjectEntry? {
        withUnsafeTemporaryAllocation(byteCount: label.count, alignment: 1) { lower in
            for index in 0..<label.count { lower[index] = label[index].lowercasedASCII }
            return store.byName[UnsafeRawBufferPointer(lower)]
        }
    }

    /// The project of that id or slug, if the key opens it.
    package func entry(named name: String, _ key: ProjectKey) -> ProjectEntry? {
        guard let opened = store.byKey[key] else { return nil }
        return opened.id.text == name || opened.slug == name ? opened : nil
    }

    /// Sets the limits of projects that have none of their own.
    package mutating func limit(to limits: ProjectLimits) {
        guard limits != store.limits else { return }
        store.limits = limits
        for entry in store.entries.values { entry.limit(to: limits) }
    }

    /// Takes a message in; returns the version to answer with `seen`, if any.
    package mutating func apply(_ message: KeyChannel.FromPlatform) throws(Violation) -> UInt64? {
        switch message {
        case .welcome(let version, let isWhole):
            guard version == KeyChannel.version else { throw Violation(reason: "version \(version)") }
            isSynced = false
            unnamed = isWhole ? Set(store.entries.keys) : nil
            return nil
        case .project(let entry, let table):
            guard ProjectKey(entry.key) != nil else { throw Violation(reason: "a key that is not of the form") }
            guard store.entries[entry.project] != nil || count < Self.projectsMax else {
                throw Violation(reason: "more than \(Self.projectsMax) projects")
            }
            insert(entry)
            unnamed?.remove(entry.project)
            return advance(to: table)
        case .removed(let project, let table):
            remove(project)
            return advance(to: table)
        case .synced(let table):
            for project in unnamed ?? [] { remove(project) }
            unnamed = nil
            isSynced = true
            return advance(to: table)
        case .revoked(_, let table): return advance(to: table)
        case .valid, .unknown: return nil
        }
    }

    /// During a transfer the version stays, so that one that breaks off is repeated.
    private mutating func advance(to table: UInt64) -> UInt64? {
        guard isSynced else { return nil }
        version = table
        return table
    }

    private mutating func insert(_ entry: KeyEntry) {
        guard let key = ProjectKey(entry.key) else { return }
        // Held before the old entry lets go, so that a change of the key does not begin a second gauge.
        let gauge = store.gauges.hold(entry.project)
        remove(entry.project)
        let entry = ProjectEntry(
            id: entry.project, slug: entry.slug, key: key, gauge: gauge, overrides: entry.limits, limits: store.limits)
        store.entries[entry.id] = entry
        store.byKey[key] = entry
        if store.byName[entry.slug].map({ $0.id.text != entry.slug }) ?? true { store.byName.set(entry.slug, entry) }
        store.byName.set(entry.id.text, entry)
    }

    private mutating func remove(_ project: ProjectID) {
        guard let old = store.entries.removeValue(forKey: project) else { return }
        if store.byKey[old.key] === old { store.byKey[old.key] = nil }
        for name in [old.slug, old.id.text] where store.byName[name] === old { store.byName.remove(name) }
        store.gauges.release(old.gauge)
    }
}
