import Nouns

/// The settings that BunBase's own programs have, with their forms and defaults, so that a mistake in one is found
/// when the file is read and not when a process starts.
struct KnownSettings {
    private let read: (inout Section) -> [String: String]

    /// Nil for kinds whose settings are not known here.
    init?(_ kind: Kind) {
        switch kind {
        case .bundoc:
            read = { section in
                let disk = section.value("disk_max", Form.size(1 << 20...1 << 50).orNone, default: nil)
                return [
                    "body_max": "\(section.value("body_max", .size(1024...16 << 20), default: 1 << 20))",
                    "collections_max": "\(section.value("collections_max", .count(1...1_000_000), default: 10_000))",
                    "cache": "\(section.value("cache", .size(64 << 10...1 << 30), default: 1000 << 10))",
                ].merging(disk.map { ["disk_max": "\($0)"] } ?? [:]) { $1 }
            }
        case .bunder:
            read = { section in
                let idle = section.value(
                    "resp_idle", .duration(.seconds(1) ... .seconds(86_400)), default: .seconds(300))
                return [
                    "key_max": "\(section.value("key_max", .size(1...65_535), default: 1024))",
                    "value_max": "\(section.value("value_max", .size(1...32 << 20), default: 16 << 20))",
                    "memory_max": "\(section.value("memory_max", .size(1...1 << 40), default: 256 << 20))",
                    "resp_idle": "\(idle.millisecondsRoundedUp)",
                    "connections_max": "\(section.value("connections_max", .count(1...100_000), default: 1024))",
                    "log_max": "\(section.value("log_max", .size(256 << 10...1 << 50), default: 64 << 30))",
                ]
            }
        default: return nil
        }
    }

    /// All of them, with sizes in bytes and durations in milliseconds.
    func values(from section: inout Section) -> [String: String] {
        defer { section.finish() }
        return read(&section)
    }
}
