import Nouns
import Supervision

extension ClusterFile {
    /// The keys whose values cannot change while the cluster runs and do differ: `addresses.http`, `home`. A reload
    /// with any of them is refused as a whole.
    package func keysNeedingRestart(changingTo other: ClusterFile) -> [String] {
        var keys: [String] = []
        func compare<Value: Equatable>(_ key: String, _ value: KeyPath<ClusterFile, Value>) {
            if self[keyPath: value] != other[keyPath: value] { keys.append(key) }
        }
        compare("home", \.home)
        compare("node", \.node)
        compare("testing", \.isTesting)
        compare("addresses.http", \.http)
        compare("addresses.https", \.https)
        compare("addresses.resp", \.resp)
        compare("addresses.resps", \.resps)
        compare("addresses.status", \.status)
        compare("front.loops", \.frontLoops)
        compare("logs.directory", \.logs.directory)
        compare("isolation.uids", \.isolation.users)
        compare("isolation.required", \.isolation.isRequired)
        for (kind, settings) in supervision.kinds.sorted(by: { $0.key < $1.key }) {
            guard let changed = other.supervision.kinds[kind] else { continue }
            if changed.scope != settings.scope { keys.append("kinds.\(kind).scope") }
            if other.programs[kind]?.sockets != programs[kind]?.sockets { keys.append("kinds.\(kind).sockets") }
        }
        return keys
    }
}
