import KeyValues
import Nouns
import Service

/// What the cluster file says about the kind. Sizes are bytes, times milliseconds, both whole numbers.
struct BunderSettings: Hashable {
    var limits = KeyValueLimits()
    /// `resp_idle`: a client that has said nothing for so long is disconnected, so that the project may sleep.
    var idle = Duration.seconds(300)
    /// `connections_max`: Redis clients at a time; as many again over HTTP.
    var connectionsMax = 1024
    /// `log_max`: the room that the log may take on the disk.
    var logMax = 64 << 30

    init() {}

    /// - Throws: when a value is not a number in its range, or a name is unknown.
    init(_ settings: [String: String]) throws(StartFailure) {
        for (name, text) in settings.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "key_max": limits.keyMax = try Self.number(name, text, 1...65_535)
            case "value_max": limits.valueMax = try Self.number(name, text, 1...(32 << 20))
            case "memory_max": limits.memoryMax = try Self.number(name, text, 1...(1 << 40))
            case "resp_idle": idle = .milliseconds(try Self.number(name, text, 1000...86_400_000))
            case "connections_max": connectionsMax = try Self.number(name, text, 1...100_000)
            case "log_max": logMax = try Self.number(name, text, (256 << 10)...(1 << 50))
            default: throw StartFailure("bunder has no setting \(name)")
            }
        }
    }

    private static func number(
        _ name: String, _ text: String, _ range: ClosedRange<Int>
    ) throws(StartFailure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw StartFailure(
                "the setting \(name) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
